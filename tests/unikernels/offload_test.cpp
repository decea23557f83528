// SPDX-License-Identifier: BSD-3-Clause
// Which frames leave their checksum to the other side of a vif, and with what in its place.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "unikernels/net/offload.hpp"

namespace {

using unikernel::net::prepare_offload;

struct Frame {
    std::array<std::uint8_t, 64> bytes{};
    /// IPv4 from 10.0.0.2 to 10.0.0.1 with 20 bytes of header.
    Frame(std::uint8_t protocol, std::size_t ip_length) {
        bytes[12] = 0x08;
        bytes[14] = 0x45;
        bytes[16] = static_cast<std::uint8_t>(ip_length >> 8);
        bytes[17] = static_cast<std::uint8_t>(ip_length);
        bytes[23] = protocol;
        bytes[26] = bytes[30] = 10;
        bytes[29] = 2;
        bytes[33] = 1;
        bytes[34 + 12] = 0x50; // TCP's header is 20 bytes
    }
    [[nodiscard]] unsigned field(std::size_t offset) const {
        return static_cast<unsigned>(bytes[offset] << 8 | bytes[offset + 1]);
    }
};

TEST(Offload, leaves_the_sum_of_the_pseudo_header) {
    Frame tcp(6, 60);
    auto offload = prepare_offload(tcp.bytes, 74, 1500);
    EXPECT_TRUE(offload.checksum_is_blank);
    EXPECT_EQ(offload.segment_size, 0);
    EXPECT_EQ(tcp.field(34 + 16), 0x0a00u + 2 + 0x0a00 + 1 + 6 + 40);
    Frame udp(17, 28);
    offload = prepare_offload(udp.bytes, 42, 1500);
    EXPECT_TRUE(offload.checksum_is_blank);
    EXPECT_EQ(udp.field(34 + 6), 0x0a00u + 2 + 0x0a00 + 1 + 17 + 8);
}

TEST(Offload, has_large_tcp_cut_into_what_fits) {
    Frame tcp(6, 40000);
    EXPECT_EQ(prepare_offload(tcp.bytes, 40014, 1500).segment_size, 1460);
    tcp.bytes[34 + 12] = 0x80; // with 12 bytes of options
    EXPECT_EQ(prepare_offload(tcp.bytes, 40014, 1500).segment_size, 1448);
    EXPECT_EQ(prepare_offload(tcp.bytes, 1514, 1500).segment_size, 0);
}

TEST(Offload, leaves_everything_else_alone) {
    for (const auto& [offset, value] :
         {std::pair{12, 0x86}, {14, 0x65}, {14, 0x44}, {20, 0x20}, {21, 0x01}, {23, 1}}) {
        Frame frame(6, 60);
        frame.bytes[static_cast<std::size_t>(offset)] = static_cast<std::uint8_t>(value);
        const auto before = frame.bytes;
        EXPECT_FALSE(prepare_offload(frame.bytes, 74, 1500).checksum_is_blank) << offset;
        EXPECT_EQ(frame.bytes, before);
    }
    Frame frame(6, 60);
    for (std::size_t length = 0; length < 52; ++length) {
        EXPECT_FALSE(prepare_offload(std::span(frame.bytes).first(length), 74, 1500).checksum_is_blank);
    }
}

} // namespace
