// SPDX-License-Identifier: BSD-3-Clause
// How messages about a configuration show what was found.
#pragma once

#include <string>
#include <string_view>

namespace chaos::config {

/// `text` in double quotes, cut to a length that fits a message. Always UTF-8 without control characters: it
/// ends up on a terminal or in JSON.
std::string in_quotes(std::string_view text);

} // namespace chaos::config
