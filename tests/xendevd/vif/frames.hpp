// SPDX-License-Identifier: BSD-3-Clause
// Frames for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "libchaos/config/devices.hpp"
#include "xendevd/vif/frame.hpp"

namespace xendevd {

/// `size` bytes of an Ethernet frame of no known protocol, all different from those of another size.
inline std::string ethernet_frame(std::size_t size) {
    std::string frame("\x00\x16\x3e\x09\x09\x09\x00\x16\x3e\x01\x02\x03\x88\xb5", 14);
    while (frame.size() < size)
        frame += static_cast<char>(frame.size() * 7 + frame.size() / 256 * 13 + size);
    return frame;
}

/// A frame of ARP for IPv4, from one who says that `sender` and `sender_ip` belong together; the Ethernet header is the same
/// as that of ethernet_frame(), but for the source.
inline std::string arp_frame(std::uint16_t operation, const chaos::MacAddress& sender,
                             std::uint32_t sender_ip, std::uint32_t target_ip) {
    std::string frame = ethernet_frame(42);
    const auto bytes = std::as_writable_bytes(std::span(frame));
    std::memcpy(frame.data() + 6, sender.data(), sender.size());
    put16(bytes, 12, 0x0806);
    put16(bytes, 14, 1);
    put16(bytes, 16, 0x0800);
    put16(bytes, 18, 0x0604);
    put16(bytes, 20, operation);
    std::memcpy(frame.data() + 22, sender.data(), sender.size());
    put32(bytes, 28, sender_ip);
    put32(bytes, 38, target_ip);
    return frame;
}

/// `size` bytes of TCP over IPv4, or IPv6, with the checksums blank or right.
inline std::string tcp_frame(std::size_t size, bool ipv6 = false, bool checksum = false) {
    std::string frame = ethernet_frame(size);
    const auto bytes = std::as_writable_bytes(std::span(frame));
    const std::size_t network = 14, transport = network + (ipv6 ? 40 : 20);
    if (ipv6) {
        put16(bytes, 12, 0x86dd);
        put32(bytes, network, 0x60000000);
        put16(bytes, network + 4, static_cast<std::uint16_t>(size - network - 40));
        bytes[network + 6] = std::byte{6};
    } else {
        put16(bytes, 12, 0x0800);
        put16(bytes, network, 0x4500);
        put16(bytes, network + 2, static_cast<std::uint16_t>(size - network));
        put16(bytes, network + 6, 0x4000);
        bytes[network + 9] = std::byte{6};
        put16(bytes, network + 10, 0);
        put16(bytes, network + 10,
              static_cast<std::uint16_t>(~fold_sum(add_to_sum(0, bytes.subspan(network, 20)))));
    }
    put16(bytes, transport + 12, 0x5018);
    put16(bytes, transport + 16, 0);
    if (checksum) {
        const auto headers = *read_headers(bytes, static_cast<std::uint32_t>(size));
        const std::uint32_t sum =
            pseudo_header_sum(bytes, headers, static_cast<std::uint32_t>(size - transport));
        put16(bytes, transport + 16,
              static_cast<std::uint16_t>(~fold_sum(add_to_sum(sum, bytes.subspan(transport)))));
    }
    return frame;
}

} // namespace xendevd
