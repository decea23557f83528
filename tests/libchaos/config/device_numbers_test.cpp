// SPDX-License-Identifier: BSD-3-Clause
// Addresses and names of disks.
#include <gtest/gtest.h>

#include <set>

#include "expect_error.hpp"
#include "libchaos/config/devices.hpp"

namespace chaos {
namespace {

TEST(VirtualDeviceNumber, is_that_of_xen) {
    const std::pair<const char*, std::uint32_t> known[] = {
        {"xvda", 51712},
        {"xvdb", 51728},
        {"xvda1", 51713},
        {"xvdp15", 51967},
        {"xvda16", 1u << 28 | 16},
        {"xvdq", 1u << 28 | 16 << 8},
        {"xvdaa", 1u << 28 | 26 << 8},
        {"hda", 768},
        {"hdb1", 833},
        {"hdc", 5632},
        {"hdd", 5696},
        {"sda", 2048},
        {"sdp15", 2303},
    };
    for (const auto& [name, number] : known) {
        const auto found = virtual_device_number(name);
        ASSERT_TRUE(found) << name << ": " << found.error().story();
        EXPECT_EQ(*found, number) << name;
    }
}

TEST(VirtualDeviceNumber, of_what_is_no_disk_is_refused) {
    for (const char* name : {"", "xvd", "xvd1", "xvda0", "xvda01", "xvda256", "xvdA", "hde", "hda64", "sdq",
                             "sda16", "vda", "xvda1x", "xvdaaaaaa", "/dev/xvda", "xvda "})
        EXPECT_FALSE(virtual_device_number(name)) << name;
}

TEST(Mac, is_read_and_written) {
    EXPECT_EQ(to_text(parse_mac("00:16:3E:0a:B0:ff").value()), "00:16:3e:0a:b0:ff");
    for (const char* text : {"", "00:16:3e:01:02", "00:16:3e:01:02:03:04", "00-16-3e-01-02-03",
                             "00:16:3e:01:02:0g", "0:16:3e:01:02:003", "+0:16:3e:01:02:03", "00163e010203"})
        EXPECT_TRUE(fails_saying(parse_mac(text), {"00:16:3e:01:02:03"})) << text;
    EXPECT_TRUE(fails_saying(parse_mac("01:00:00:00:00:00"), {"group"}));
    EXPECT_TRUE(fails_saying(parse_mac("00:00:00:00:00:00"), {"nobody"}));
}

TEST(Mac, drawn_at_random_lies_in_xens_range) {
    std::set<MacAddress> drawn;
    for (int i = 0; i < 1000; ++i) {
        const MacAddress mac = random_mac();
        EXPECT_TRUE(to_text(mac).starts_with("00:16:3e:"));
        drawn.insert(mac);
    }
    EXPECT_GT(drawn.size(), 990u);
}

TEST(Ipv4, is_read_and_written) {
    for (const char* text : {"10.0.0.2", "255.255.255.255", "0.0.0.0"})
        EXPECT_EQ(to_text(parse_ipv4(text).value()), text);
    for (const char* text : {"", "10.0.0", "10.0.0.2.3", "10.0.0.256", "10.0.0.02", "10.0.0.2 ", "10..0.2",
                             "a.b.c.d", "10.0.0.1000", "-1.0.0.0"})
        EXPECT_TRUE(fails_saying(parse_ipv4(text), {"no IPv4 address"})) << text;
}

} // namespace
} // namespace chaos
