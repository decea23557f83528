// SPDX-License-Identifier: BSD-3-Clause
// Reads addresses; foreign text, so anything but an exact match is refused.
#include "address.hpp"

#include <cstddef>

namespace unikernel::net {

std::optional<Ipv4> parse_ipv4(std::string_view text) {
    Ipv4 address{};
    for (std::size_t i = 0; i < address.size(); ++i) {
        const std::size_t length = i < 3 ? text.find('.') : text.size();
        const auto byte = length <= 3 ? parse_number(text.substr(0, length), 255) : std::nullopt;
        if (!byte) {
            return std::nullopt;
        }
        address[i] = static_cast<std::uint8_t>(*byte);
        text.remove_prefix(i < 3 ? length + 1 : length);
    }
    return address;
}

std::optional<Address> parse_address(std::string_view command_line) {
    const auto text = find_value(command_line, "ip");
    if (!text) {
        return std::nullopt;
    }
    const std::size_t slash = text->find('/');
    auto behind = *text;
    behind.remove_prefix(slash == text->npos ? text->size() : slash + 1);
    const auto address = parse_ipv4(text->substr(0, slash));
    const auto prefix = slash == text->npos ? std::optional<std::uint64_t>(24) : parse_number(behind, 32);
    const auto gateway_text = find_value(command_line, "gateway");
    const auto gateway = gateway_text ? parse_ipv4(*gateway_text) : std::optional(Ipv4{});
    if (!address || !prefix || !gateway) {
        return std::nullopt;
    }
    return Address{*address, static_cast<std::uint8_t>(*prefix), *gateway};
}

} // namespace unikernel::net
