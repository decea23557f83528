// SPDX-License-Identifier: BSD-3-Clause
// What chaos keeps of one guest: enough to find it, talk to it and make it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos {

/// Where a device's control page and event channel are in the guest (one noxs entry, or a stock guest's
/// console).
struct DeviceLocation {
    Gfn frame;
    EventChannelPort port{};
    GrantReference grant{};
};

/// A place for a vif or a disk in the device page of a guest that speaks noxs. It keeps its page, port and grant when its
/// device goes, for the next one.
struct DeviceSlot {
    /// System device and console come before (noxs/noxs.h: NOXS_ENTRY_COUNT).
    static constexpr std::uint16_t first_entry = 2;
    static constexpr std::uint16_t end_of_entries = 126;

    std::uint16_t entry = first_entry;
    std::uint32_t instance = 0; ///< counts the devices that were there before
    DeviceLocation location;
};

static_assert(most_devices == DeviceSlot::end_of_entries - DeviceSlot::first_entry);

struct VifRecord {
    std::uint16_t id = 0;
    std::optional<DeviceSlot> slot; ///< absent for a stock guest
    VifConfig config;               ///< with its MAC address
};

struct DiskRecord {
    std::uint32_t id = 0; ///< noxs: counts from 0; stock: the virtual device number
    std::optional<DeviceSlot> slot;
    DiskConfig config; ///< with an absolute path
};

/// A guest's record, kept as JSON in <state directory>/guests/<domain id>.json.
struct GuestRecord {
    DomainId id{};
    Uuid uuid;
    /// As it was created; config.name is the guest's name. Its vifs and disks are empty: they come and go, see below.
    GuestConfig config;
    std::uint64_t created_unix_ms = 0;
    std::optional<DeviceLocation> system; ///< absent for kernels that do not speak noxs
    std::optional<DeviceLocation> console;
    std::optional<DeviceLocation> store; ///< the private one of a stock guest
    std::vector<VifRecord> vifs;
    std::vector<DiskRecord> disks;
    std::vector<DeviceSlot> free_slots; ///< of devices that are gone

    /// The configuration of a guest like this one is now, devices and UUID included.
    [[nodiscard]] GuestConfig current_config() const;
};

std::string to_json(const GuestRecord& record);
/// A record file may have been damaged: fails with ErrorKind::system and says how.
Result<GuestRecord> record_from_json(std::string_view text);

} // namespace chaos
