// SPDX-License-Identifier: BSD-3-Clause
// What print() makes of its pattern.
#include "unikernels/runtime/format.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace {

using unikernel::format;

TEST(Format, numbers) {
    char buffer[64];
    EXPECT_EQ(format(buffer, "{} {} {}", {0u, 10, -7}), "0 10 -7");
    EXPECT_EQ(format(buffer, "{x} {X}", {255u, 0xabcu}), "0xff 0000000000000abc");
    EXPECT_EQ(format(buffer, "{}", {std::numeric_limits<std::uint64_t>::max()}), "18446744073709551615");
    EXPECT_EQ(format(buffer, "{}", {std::numeric_limits<std::int64_t>::min()}), "-9223372036854775808");
    EXPECT_EQ(format(buffer, "{X}", {std::numeric_limits<std::uint64_t>::max()}), "ffffffffffffffff");
}

TEST(Format, text) {
    char buffer[64];
    EXPECT_EQ(format(buffer, "<{}|{x}>", {"a", std::string_view("bc")}), "<a|bc>");
    EXPECT_EQ(format(buffer, "{}", {std::string_view()}), "");
}

TEST(Format, cuts_what_does_not_fit) {
    char buffer[4];
    EXPECT_EQ(format(buffer, "{}{}", {12345u, "x"}), "1234");
    EXPECT_EQ(format({buffer, 0}, "{}", {1u}), "");
}

TEST(Format, leaves_what_is_no_placeholder) {
    char buffer[64];
    EXPECT_EQ(format(buffer, "{y} {} {", {1u}), "{y} 1 {");
    EXPECT_EQ(format(buffer, "{} {}", {1u}), "1 {}");
}

} // namespace
