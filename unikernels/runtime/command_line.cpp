// SPDX-License-Identifier: BSD-3-Clause
// Reads the words of a command line; foreign text, so anything but an exact match is refused.
#include "command_line.hpp"

namespace unikernel {

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most) {
    std::uint64_t value = 0;
    for (const char character : text) {
        const auto digit = static_cast<std::uint64_t>(character) - '0';
        if (digit > 9 || digit > most || value > most / 10 || value * 10 > most - digit) {
            return std::nullopt;
        }
        value = value * 10 + digit;
    }
    return text.empty() ? std::nullopt : std::optional(value);
}

std::optional<std::string_view> find_value(std::string_view line, std::string_view name) {
    while (!line.empty()) {
        const std::size_t end = line.find(' ');
        const std::string_view word = line.substr(0, end);
        if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
            return word.substr(name.size() + 1);
        }
        line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    return std::nullopt;
}

} // namespace unikernel
