// SPDX-License-Identifier: BSD-3-Clause
// UUIDs as text and from the kernel's random numbers.
#include "libchaos/config/uuid.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

#include "libchaos/config/text.hpp"

namespace chaos {
namespace {

bool dash_precedes(std::size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::string Uuid::to_string() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (dash_precedes(i))
            text += '-';
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

Uuid Uuid::random() {
    Uuid uuid;
    std::size_t filled = 0;
    while (filled < uuid.bytes.size()) {
        const ssize_t count = ::getrandom(uuid.bytes.data() + filled, uuid.bytes.size() - filled, 0);
        if (count > 0)
            filled += static_cast<std::size_t>(count);
        else if (errno != EINTR)
            std::abort(); // a kernel without getrandom(2) cannot run Xen 4.17's dom0; a made-up UUID would be
                          // worse
    }
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40); // version 4
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80); // RFC 4122 variant
    return uuid;
}

Result<Uuid> Uuid::parse(std::string_view text) {
    Uuid uuid;
    bool well_formed = text.size() == 36;
    std::size_t position = 0;
    for (std::size_t i = 0; well_formed && i < uuid.bytes.size(); ++i) {
        if (dash_precedes(i))
            well_formed = text[position++] == '-';
        const int high = hex_digit(text[position]);
        const int low = hex_digit(text[position + 1]);
        well_formed = well_formed && high >= 0 && low >= 0;
        uuid.bytes[i] = static_cast<std::uint8_t>((high & 15) << 4 | (low & 15));
        position += 2;
    }
    if (!well_formed)
        return Error(ErrorKind::invalid_argument,
                     config::in_quotes(text) +
                         " is no UUID; one looks like 12345678-9abc-4def-8123-456789abcdef");
    return uuid;
}

} // namespace chaos
