// SPDX-License-Identifier: BSD-3-Clause
// Devices that come to a guest while it runs, and go.
//
// A guest that speaks noxs must have said that it notices (NOXS_FEATURE_HOTPLUG); a stock guest must have a private
// store. Any number of processes may attach to one guest at the same time: the lock of its record orders them.
#pragma once

#include <chrono>
#include <cstdint>

#include "libchaos/config/devices.hpp"
#include "libchaos/devices/protocol.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos {

/// A device that was attached, as it is in the guest's record from then on.
struct AttachedVif {
    std::uint16_t id = 0;
    VifConfig config; ///< with the MAC address that was drawn if none was given
};
struct AttachedDisk {
    std::uint32_t id = 0; ///< of a stock guest: the virtual device number
    DiskConfig config;    ///< with an absolute path
};

/// Gives the guest one more device and records it. On failure everything is as it was. Fails with guest_failed if the
/// guest cannot take a device now, invalid_argument if it has one like it or too many.
Result<AttachedVif> attach_vif(Host& host, const GuestInfo& guest, const VifConfig& vif);
Result<AttachedDisk> attach_disk(Host& host, const GuestInfo& guest, const DiskConfig& disk);

struct DetachOptions {
    bool force = false; ///< do not ask the guest, which loses what it had under way
    std::chrono::milliseconds timeout{10'000};
    int stop_fd = -1; ///< when this becomes readable, waiting ends with ErrorKind::interrupted
};

/// Takes device `id` away. Fails with not_found if there is none, timed_out if the guest does not let go: then it stays. A guest
/// that stopped is not asked.
Result<void> detach(Host& host, const GuestInfo& guest, devices::DeviceType type, std::uint32_t id,
                    const DetachOptions& options = {});

/// The id of the disk that the guest knows as `text` ("xvda"), or whose id `text` is. Fails with not_found.
Result<std::uint32_t> find_disk(const GuestRecord& record, std::string_view text);
/// The id of the vif with the MAC address `text`, or whose id `text` is. Fails with not_found.
Result<std::uint32_t> find_vif(const GuestRecord& record, std::string_view text);

} // namespace chaos
