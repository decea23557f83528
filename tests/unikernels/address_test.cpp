// SPDX-License-Identifier: BSD-3-Clause
// Addresses on the command line.
#include <gtest/gtest.h>

#include "unikernels/net/address.hpp"

namespace {

using unikernel::parse_number;
using unikernel::net::Ipv4;
using unikernel::net::parse_address;
using unikernel::net::parse_ipv4;

TEST(Address, is_read_from_among_other_words) {
    const auto address = parse_address("quiet ip=10.1.2.3/20 gateway=10.1.0.1 skip=4");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->address, (Ipv4{10, 1, 2, 3}));
    EXPECT_EQ(address->mask(), (Ipv4{255, 255, 240, 0}));
    EXPECT_EQ(address->gateway, (Ipv4{10, 1, 0, 1}));
}

TEST(Address, has_a_prefix_and_no_gateway_unless_told) {
    const auto address = parse_address("ip=192.168.7.9");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->mask(), (Ipv4{255, 255, 255, 0}));
    EXPECT_EQ(address->gateway, Ipv4{});
    EXPECT_EQ(parse_address("ip=1.2.3.4/0")->mask(), Ipv4{});
    EXPECT_EQ(parse_address("ip=1.2.3.4/32")->mask(), (Ipv4{255, 255, 255, 255}));
}

TEST(Address, that_is_not_there_or_not_right_is_none) {
    for (const char* line : {"", "ip", "ip=", "skip=1.2.3.4", "ip=1.2.3", "ip=1.2.3.4.5", "ip=1.2.3.256",
                             "ip=1.2.3.4/", "ip=1.2.3.4/33", "ip=1.2.3.4/x", "ip=1..3.4", "ip=0001.2.3.4",
                             "ip=1.2.3.4 gateway=x", "ip=1.2.3.-4", "ip=/24"}) {
        EXPECT_FALSE(parse_address(line)) << line;
    }
}

TEST(Number, has_a_limit) {
    EXPECT_EQ(parse_number("18446744073709551615", ~0ull), ~0ull);
    EXPECT_FALSE(parse_number("18446744073709551616", ~0ull));
    EXPECT_FALSE(parse_number("99999999999999999999999", ~0ull));
    EXPECT_FALSE(parse_number("", 9));
    EXPECT_EQ(parse_number("0", 0), 0u);
    EXPECT_FALSE(parse_number("1", 0));
}

} // namespace
