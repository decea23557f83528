// SPDX-License-Identifier: BSD-3-Clause
// Keeps hostile bytes out of messages: what is no printable UTF-8 is shown as \xHH.
#include "libchaos/config/text.hpp"

#include <cstdint>

namespace chaos::config {
namespace {

/// Bytes of the printable UTF-8 character that `text` starts with, or 0.
std::size_t printable_character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f ? 1 : 0;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length)
        return 0;
    std::uint32_t code = first & (0x7f >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte(i) & 0x3f);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0xa0, 0x800,
                                          0x10000}; // by length; U+0080 to U+009F are controls
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= smallest[length] && code <= 0x10ffff && !surrogate ? length : 0;
}

} // namespace

std::string in_quotes(std::string_view text) {
    constexpr std::size_t longest = 60;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result = "\"";
    std::size_t position = 0;
    while (position < text.size() && position < longest) {
        const std::size_t length = printable_character(text.substr(position));
        if (length != 0) {
            result += text.substr(position, length);
        } else {
            const auto byte = static_cast<unsigned char>(text[position]);
            (result += "\\x") += {digits[byte >> 4], digits[byte & 15]};
        }
        position += length != 0 ? length : 1;
    }
    return result + (position < text.size() ? "…\"" : "\"");
}

} // namespace chaos::config
