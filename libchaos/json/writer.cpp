// SPDX-License-Identifier: BSD-3-Clause
// What needs no escape goes into the text in one piece.
#include "libchaos/json/writer.hpp"

#include <algorithm>
#include <charconv>

#include "libchaos/json/utf8.hpp"

namespace chaos::json {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

} // namespace

void Writer::open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
}

void Writer::close(char bracket) {
    text_ += bracket;
    first_ = false;
}

void Writer::key(std::string_view name) {
    separate();
    quote(name);
    text_ += ':';
    first_ = true;
}

void Writer::number(std::uint64_t value) {
    separate();
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    text_.append(digits, end.ptr);
}

void Writer::boolean(bool value) {
    separate();
    text_ += value ? "true" : "false";
}

void Writer::bytes(std::string_view value) {
    if (is_utf8(value)) {
        separate();
        quote(value);
        return;
    }
    open('{');
    key("hex");
    text_ += '"';
    for (const char character : value) {
        const auto byte = static_cast<unsigned char>(character);
        text_ += hex_digits[byte >> 4];
        text_ += hex_digits[byte & 15];
    }
    text_ += '"';
    close('}');
}

void Writer::text(std::string_view value) {
    separate();
    if (is_utf8(value)) {
        quote(value);
        return;
    }
    std::string shown;
    while (!value.empty()) {
        const std::size_t length = utf8_sequence_length(value);
        shown += length == 0 ? "\xef\xbf\xbd" : value.substr(0, length);
        value.remove_prefix(std::max<std::size_t>(length, 1));
    }
    quote(shown);
}

void Writer::real(double value) {
    separate();
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    text_.append(digits, end.ptr);
}

void Writer::null() {
    separate();
    text_ += "null";
}

void Writer::raw(std::string_view json) {
    separate();
    text_ += json;
}

void Writer::separate() {
    if (!first_)
        text_ += ',';
    first_ = false;
}

void Writer::quote(std::string_view value) {
    text_ += '"';
    std::size_t written = 0; // what needs no escape goes in one piece
    for (std::size_t at = 0; at < value.size(); ++at) {
        const auto byte = static_cast<unsigned char>(value[at]);
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        text_.append(value, written, at - written);
        written = at + 1;
        if (byte < 0x20) {
            text_ += "\\u00";
            text_ += hex_digits[byte >> 4];
            text_ += hex_digits[byte & 15];
        } else {
            text_ += '\\';
            text_ += value[at];
        }
    }
    text_.append(value, written);
    text_ += '"';
}

} // namespace chaos::json
