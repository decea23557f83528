// SPDX-License-Identifier: BSD-3-Clause
// FILE and KEY=VALUE on a command line, as one configuration.
#pragma once

#include <string>
#include <vector>

#include "libchaos/config/guest_config.hpp"

namespace chaos::cli {

/// Whether the first word is a setting (as for xl), and not a file.
bool is_setting(const std::string& word);

/// The first word is the file, unless it is a setting: then the settings are all there is.
Result<GuestConfig> config_of(const std::vector<std::string>& words);

} // namespace chaos::cli
