// SPDX-License-Identifier: BSD-3-Clause
// What chaos keeps of one guest: enough to find it, talk to it and make it again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// A guest's record, kept as JSON in <state directory>/guests/<domain id>.json.
struct GuestRecord {
    DomainId id{};
    Uuid uuid;
    GuestConfig config; ///< config.name is the guest's name
    std::uint64_t created_unix_ms = 0;
    std::optional<DeviceLocation> system; ///< absent for kernels that do not speak noxs
    std::optional<DeviceLocation> console;
};

std::string to_json(const GuestRecord& record);
/// A record file may have been damaged: fails with ErrorKind::system and says how.
Result<GuestRecord> record_from_json(std::string_view text);

} // namespace chaos
