// SPDX-License-Identifier: BSD-3-Clause
// What is text in JSON, and what are only bytes.
#pragma once

#include <string_view>

namespace chaos::json {

/// Length of the well-formed UTF-8 sequence that `text`, which is not empty, starts with, or 0.
std::size_t utf8_sequence_length(std::string_view text);
bool is_utf8(std::string_view text);

} // namespace chaos::json
