// SPDX-License-Identifier: BSD-3-Clause
// Which CPUs each vCPU may run on, from `cpus` or `cpus_soft`.
#pragma once

#include <string_view>
#include <vector>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/settings.hpp"

namespace chaos::config {

/// In the shape that GuestConfig::cpus has; empty if `key` is not set. A text holds for all vCPUs, a list has
/// one CPULIST for each, and vCPUs that the list does not reach may run anywhere.
Result<std::vector<CpuSet>> read_affinity(const Settings& settings, std::string_view key,
                                          std::uint32_t vcpus);

} // namespace chaos::config
