// SPDX-License-Identifier: BSD-3-Clause
// The settings vif=[…], disk=[…] and store=.
#pragma once

#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/config/settings.hpp"

namespace chaos::config {

/// No two of them have one MAC address.
Result<std::vector<VifConfig>> read_vifs(const Settings& settings, const Settings::Entry& entry);
/// No two of them have one vdev.
Result<std::vector<DiskConfig>> read_disks(const Settings& settings, const Settings::Entry& entry);
Result<StoreMode> read_store(const Settings& settings, const Settings::Entry& entry);

} // namespace chaos::config
