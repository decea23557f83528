// SPDX-License-Identifier: BSD-3-Clause
// IPv4 addresses as people write them on a guest's command line.
#pragma once

#include "command_line.hpp"

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

/// From "ip=10.0.0.2/24 gateway=10.0.0.1" among other words; without a prefix it is 24. Nothing if there is no such word or
/// it cannot be read.
std::optional<Address> parse_address(std::string_view command_line);

} // namespace unikernel::net
