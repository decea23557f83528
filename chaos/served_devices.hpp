// SPDX-License-Identifier: BSD-3-Clause
// All that xendevd serves on this host, with counters: what chaos info tells of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/json.hpp"
#include "libchaos/devices/protocol.hpp"
#include "libchaos/domain/host.hpp"

namespace chaos::cli {

struct ServedDevices {
    devices::DaemonStatus daemon;
    std::vector<devices::GuestStatus> guests;
};

/// Nothing if xendevd does not run.
Result<std::optional<ServedDevices>> ask_xendevd(Host& host);

/// {version, pid, guests, devices, vif_counters, vbd_counters, device_list}
Json json_of(const ServedDevices& served);
/// "0.1.0, pid 123, 2 guests, 3 devices"
std::string summary_of(const ServedDevices& served);
/// What all devices of that type have carried together, in words for the operations from guests and to them.
std::string traffic_of(const ServedDevices& served, std::string_view type, const char* from, const char* to);
/// A heading and a row for each device, the busiest first.
std::string device_table(const ServedDevices& served);

} // namespace chaos::cli
