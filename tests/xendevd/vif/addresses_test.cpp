// SPDX-License-Identifier: BSD-3-Clause
// Who may have which address.
#include "xendevd/vif/addresses.hpp"

#include <gtest/gtest.h>

namespace xendevd {
namespace {

constexpr chaos::MacAddress mac{0, 0x16, 0x3e, 1, 2, 3};

TEST(Addresses, has_one_owner_on_a_network_and_names_it) {
    Addresses addresses;
    const auto first = addresses.claim("br0", {}, mac, "vif 0 of guest web (7)");
    ASSERT_TRUE(first);
    const auto second = addresses.claim("br0", {}, mac, "vif 1 of guest db (8)");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), chaos::ErrorKind::name_taken);
    EXPECT_EQ(second.error().story(), "vif 0 of guest web (7) has the address 00:16:3e:01:02:03 on br0");
    EXPECT_FALSE(second.error().advice().empty());
}

TEST(Addresses, are_not_taken_by_whom_they_cannot_disturb) {
    Addresses addresses;
    chaos::MacAddress other = mac;
    ++other[5];
    const auto claims = {addresses.claim("br0", {}, mac, "a"), addresses.claim("br0", {}, other, "b"),
                         addresses.claim("br1", {}, mac, "c"), addresses.claim("br0", 5, mac, "d"),
                         addresses.claim("br0", 6, mac, "e")};
    for (const auto& claim : claims)
        EXPECT_TRUE(claim);
    EXPECT_EQ(addresses.claim("br0", 6, mac, "f").error().story(),
              "e has the address 00:16:3e:01:02:03 on br0, VLAN 6");
}

TEST(Addresses, are_free_again_when_the_claim_ends) {
    Addresses addresses;
    {
        Addresses::Claim moved;
        {
            auto claim = addresses.claim("br0", {}, mac, "a");
            ASSERT_TRUE(claim);
            moved = std::move(*claim);
        }
        EXPECT_FALSE(addresses.claim("br0", {}, mac, "b"));
    }
    EXPECT_TRUE(addresses.claim("br0", {}, mac, "c"));
}

} // namespace
} // namespace xendevd
