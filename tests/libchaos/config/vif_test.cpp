// SPDX-License-Identifier: BSD-3-Clause
// Items of vif=[…].
#include <gtest/gtest.h>

#include "expect_error.hpp"
#include "libchaos/config/devices.hpp"

namespace chaos {
namespace {

VifConfig vif_of(std::string_view text) {
    auto parsed = parse_vif(text);
    EXPECT_TRUE(parsed) << text << ": " << parsed.error().story();
    return parsed ? *parsed : VifConfig{};
}

TEST(Vif, may_ask_for_nothing_special) {
    EXPECT_EQ(vif_of(""), VifConfig{});
    EXPECT_EQ(vif_of("  "), VifConfig{});
    EXPECT_EQ(vif_of("type=vif"), VifConfig{});
}

TEST(Vif, is_read_with_all_its_keys) {
    const VifConfig vif =
        vif_of(" mac=00:16:3e:01:02:03, bridge=xenbr0,  ip=10.0.0.2/16,gateway=10.0.0.1,mtu=9000,"
               "vifname=web0,rate=10Mb/s@20ms,pps=5000,");
    EXPECT_EQ(vif.mac, (MacAddress{0, 0x16, 0x3e, 1, 2, 3}));
    EXPECT_EQ(vif.bridge, "xenbr0");
    EXPECT_FALSE(vif.vlan);
    EXPECT_EQ(vif.ipv4, (Ipv4Address{10, 0, 0, 2}));
    EXPECT_EQ(vif.ipv4_prefix, 16);
    EXPECT_EQ(vif.gateway, (Ipv4Address{10, 0, 0, 1}));
    EXPECT_EQ(vif.mtu, 9000);
    EXPECT_EQ(vif.device_name, "web0");
    EXPECT_EQ(vif.rate, (RateLimit{1'250'000, 5000, 20'000}));
    EXPECT_TRUE(check_vif(vif));
}

TEST(Vif, address_without_prefix_gets_24_bits) {
    EXPECT_EQ(vif_of("ip=10.0.0.2").ipv4_prefix, 24);
    EXPECT_EQ(vif_of("ip=10.0.0.2/0").ipv4_prefix, 0);
}

TEST(Vif, bridge_may_carry_a_vlan) {
    EXPECT_EQ(vif_of("bridge=ovsbr0.12").bridge, "ovsbr0");
    EXPECT_EQ(vif_of("bridge=ovsbr0.12").vlan, 12);
    EXPECT_EQ(vif_of("bridge=eth0.x").bridge, "eth0.x") << "no number, no VLAN";
    EXPECT_EQ(vif_of("bridge=a.b.7").bridge, "a.b");
    EXPECT_TRUE(fails_saying(parse_vif("bridge=a.0"), {"VLAN", "1 to 4094"}));
    EXPECT_TRUE(fails_saying(parse_vif("bridge=a.4095"), {"1 to 4094"}));
    EXPECT_TRUE(fails_saying(parse_vif("bridge=a.1:2:3"), {"trunks"}));
}

TEST(Vif, rates_are_counted_as_xl_does) {
    EXPECT_EQ(vif_of("rate=250KB/s").rate, (RateLimit{250'000, 0, 50'000}));
    EXPECT_EQ(vif_of("rate=1GB/s@1s").rate, (RateLimit{1'000'000'000, 0, 1'000'000}));
    EXPECT_EQ(vif_of("rate=800b/s@100us").rate, (RateLimit{100, 0, 100}));
    for (const char* text : {"", "10", "10M", "10Mb", "Mb/s", "10mb/s", "10Mb/s@", "10Mb/s@x", "10Mb/s@1h",
                             "0b/s", "7b/s", "10Mb/s@0ms", "10Mb/s@11s", "-1b/s", "99999999999999999999Gb/s"})
        EXPECT_FALSE(parse_vif("rate=" + std::string(text))) << text;
}

TEST(Vif, what_is_not_carried_out_is_refused_with_the_reason) {
    EXPECT_TRUE(fails_saying(parse_vif("script=vif-route"), {"script= is refused", "xendevd"}));
    EXPECT_TRUE(fails_saying(parse_vif("backend=net"), {"backend= is refused", "xendevd"}));
    EXPECT_TRUE(fails_saying(parse_vif("model=e1000"), {"model= is refused", "device model"}));
    EXPECT_TRUE(fails_saying(parse_vif("type=ioemu"), {"device model"}));
    EXPECT_TRUE(fails_saying(parse_vif("gatewaydev=eth0"), {"gatewaydev= is refused", "bridge"}));
    EXPECT_TRUE(fails_saying(parse_vif("coloft_forwarddev=x"), {"COLO"}));
    EXPECT_TRUE(fails_saying(parse_vif("brigde=x"), {"no key \"brigde\"", "bridge"}));
    EXPECT_TRUE(fails_saying(parse_vif("xenbr0"), {"KEY=VALUE"}));
    EXPECT_TRUE(fails_saying(parse_vif("mtu=1,mtu=2"), {"mtu"}));
    EXPECT_TRUE(fails_saying(parse_vif("mtu=1500,mtu=1500"), {"twice"}));
    EXPECT_TRUE(fails_saying(parse_vif("mtu=67"), {"68 to 65535"}));
    EXPECT_TRUE(fails_saying(parse_vif("ip=10.0.0.2 10.0.0.3"), {"several"}));
    EXPECT_TRUE(fails_saying(parse_vif("ip=10.0.0.2/33"), {"0 to 32"}));
    EXPECT_TRUE(fails_saying(parse_vif("ip=0.0.0.0"), {"DHCP"}));
    EXPECT_TRUE(fails_saying(parse_vif("gateway=10.0.0.1"), {"ip="}));
    for (const char* name : {"", ".", "..", "a/b", "a b", "sixteencharacter", "a:b", "\xc3\xa4", "a\tb"})
        EXPECT_TRUE(fails_saying(parse_vif("vifname=" + std::string(name)), {"vifname="})) << name;
}

TEST(Vif, from_elsewhere_is_checked) {
    const auto fails = [](auto change) {
        VifConfig vif = vif_of("mac=00:16:3e:01:02:03,bridge=a,ip=10.0.0.2,gateway=10.0.0.1");
        EXPECT_TRUE(check_vif(vif));
        change(vif);
        return !check_vif(vif);
    };
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.mac = MacAddress{1}; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.mac = MacAddress{}; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.bridge = "a/b"; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.device_name = "\x01"; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.vlan = 0; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.vlan = 4095; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.mtu = 1; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.ipv4_prefix = 33; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.ipv4.reset(); }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.rate.interval_us = 0; }));
    EXPECT_TRUE(fails([](VifConfig& vif) { vif.rate.operations_per_second = UINT64_MAX; }));
}

} // namespace
} // namespace chaos
