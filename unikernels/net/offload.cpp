// SPDX-License-Identifier: BSD-3-Clause
// Reads frames of our own making, yet no further than they are long.
#include "offload.hpp"

namespace unikernel::net {

namespace {

constexpr std::size_t ethernet_header = 14;
constexpr std::size_t shortest_ip_header = 20;
constexpr std::uint8_t tcp = 6;
constexpr std::uint8_t udp = 17;

std::uint32_t word_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
    return static_cast<std::uint32_t>(bytes[offset] << 8 | bytes[offset + 1]);
}

} // namespace

Offload prepare_offload(std::span<std::uint8_t> headers, std::size_t size, std::size_t mtu) {
    if (headers.size() < ethernet_header + shortest_ip_header || word_at(headers, 12) != 0x0800) {
        return {};
    }
    const auto ip = headers.subspan(ethernet_header);
    const std::size_t ip_header = (ip[0] & 0x0f) * std::size_t{4};
    const std::uint8_t protocol = ip[9];
    const bool is_fragment = (word_at(ip, 6) & 0x3fff) != 0;
    if (ip[0] >> 4 != 4 || ip_header < shortest_ip_header || is_fragment ||
        (protocol != tcp && protocol != udp)) {
        return {};
    }
    const std::size_t field = ip_header + (protocol == tcp ? 16 : 6);
    const std::size_t length = word_at(ip, 2);
    if (field + 2 > ip.size() || length < ip_header) {
        return {};
    }
    std::uint32_t sum = protocol + static_cast<std::uint32_t>(length - ip_header);
    for (std::size_t offset = 12; offset < 20; offset += 2) {
        sum += word_at(ip, offset);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    ip[field] = static_cast<std::uint8_t>(sum >> 8);
    ip[field + 1] = static_cast<std::uint8_t>(sum);
    Offload offload{.checksum_is_blank = true, .segment_size = 0};
    if (protocol == tcp && size > ethernet_header + mtu) {
        const std::size_t tcp_header = std::size_t{ip[ip_header + 12]} / 16 * 4;
        offload.segment_size = static_cast<std::uint16_t>(mtu - ip_header - tcp_header);
    }
    return offload;
}

} // namespace unikernel::net
