// SPDX-License-Identifier: BSD-3-Clause
// UUIDs from text, to text, and from nowhere.
#include "libchaos/config/uuid.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace chaos {
namespace {

constexpr std::string_view sample = "01234567-89ab-cdef-0123-456789abcdef";

TEST(Uuid, survives_the_way_through_text) {
    const auto uuid = Uuid::parse(sample);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->bytes[0], 0x01);
    EXPECT_EQ(uuid->bytes[15], 0xef);
    EXPECT_EQ(uuid->to_string(), sample);
}

TEST(Uuid, upper_case_is_read_and_lower_case_written) {
    EXPECT_EQ(Uuid::parse("01234567-89AB-CDEF-0123-456789ABCDEF")->to_string(), sample);
}

TEST(Uuid, malformed_text_is_refused) {
    for (const std::string_view text :
         {"", "x", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
          "0123456789abcdef0123456789abcdef", "01234567x89ab-cdef-0123-456789abcdef",
          "g1234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcde ",
          "0123456-789ab-cdef-0123-456789abcdef"})
        EXPECT_TRUE(fails_saying(Uuid::parse(text), {"UUID"})) << text;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        std::string damaged(sample);
        damaged[i] = damaged[i] == '-' ? '0' : '-';
        EXPECT_FALSE(Uuid::parse(damaged)) << damaged;
        EXPECT_FALSE(Uuid::parse(sample.substr(0, i))) << i;
    }
}

TEST(Uuid, random_ones_are_of_version_4_and_differ) {
    const Uuid first = Uuid::random();
    EXPECT_EQ(first.bytes[6] >> 4, 4);
    EXPECT_EQ(first.bytes[8] >> 6, 2);
    EXPECT_NE(first, Uuid::random());
    EXPECT_EQ(*Uuid::parse(first.to_string()), first);
}

} // namespace
} // namespace chaos
