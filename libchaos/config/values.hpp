// SPDX-License-Identifier: BSD-3-Clause
// Turns the values of settings into texts, numbers and amounts of memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libchaos/config/settings.hpp"

namespace chaos::config {

/// Decimal, 0octal or 0xhex digits and nothing else.
std::optional<std::uint64_t> to_number(std::string_view text);

/// A text; a number is taken as it was written, as xl does.
Result<std::string> read_text(const Settings& settings, const Settings::Entry& entry);
/// A number within bounds; a text that holds nothing but a number is one, as in xl.
Result<std::uint32_t> read_number(const Settings& settings, const Settings::Entry& entry,
                                  std::uint32_t smallest, std::uint32_t largest);
/// A number of MiB, or a text with the unit K, M or G: in KiB, whole pages, and what a guest can have.
Result<std::uint64_t> read_memory(const Settings& settings, const Settings::Entry& entry);

} // namespace chaos::config
