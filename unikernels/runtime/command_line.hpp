// SPDX-License-Identifier: BSD-3-Clause
// Words of the form "name=value" on a guest's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace unikernel {

/// A decimal number of at most `most`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most);

/// What follows "name=" in the first word of `line` that begins so.
std::optional<std::string_view> find_value(std::string_view line, std::string_view name);

/// The number behind "name=", or `otherwise` if there is none that can be read.
inline std::uint64_t number_or(std::string_view line, std::string_view name, std::uint64_t otherwise) {
    const auto text = find_value(line, name);
    return text ? parse_number(*text, ~std::uint64_t{0}).value_or(otherwise) : otherwise;
}

} // namespace unikernel
