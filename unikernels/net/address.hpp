// SPDX-License-Identifier: BSD-3-Clause
// IPv4 addresses as people write them on a guest's command line.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace unikernel::net {

using Ipv4 = std::array<std::uint8_t, 4>; // in network order

/// What an interface is to be called by.
struct Address {
    Ipv4 address{};
    std::uint8_t prefix = 0;
    Ipv4 gateway{}; // 0.0.0.0: none

    [[nodiscard]] constexpr Ipv4 mask() const {
        const std::uint32_t bits = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
        return {static_cast<std::uint8_t>(bits >> 24), static_cast<std::uint8_t>(bits >> 16),
                static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
    }
};

/// "10.0.0.2", nothing else.
std::optional<Ipv4> parse_ipv4(std::string_view text);

/// A decimal number of at most `most`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most);

/// What follows "name=" in the first word of `line` that begins so.
std::optional<std::string_view> find_value(std::string_view line, std::string_view name);

/// From "ip=10.0.0.2/24 gateway=10.0.0.1" among other words; without a prefix it is 24. Nothing if there is no such word or
/// it cannot be read.
std::optional<Address> parse_address(std::string_view command_line);

} // namespace unikernel::net
