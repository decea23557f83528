// SPDX-License-Identifier: BSD-3-Clause
// The CPULIST grammar of xl.cfg(5): "all", "0-3,5,^1".
#pragma once

#include <string_view>

#include "libchaos/config/guest_config.hpp"

namespace chaos::config {

/// Carries out the parts of `text` one after the other on `cpus`. The Error says what is wrong, without a
/// place.
Result<void> add_cpu_list(std::string_view text, CpuSet& cpus);

/// A whole CPULIST; one that leaves no CPU is an Error.
Result<CpuSet> parse_cpu_list(std::string_view text);

} // namespace chaos::config
