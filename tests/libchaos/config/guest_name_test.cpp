// SPDX-License-Identifier: BSD-3-Clause
// Names that guests may have.
#include <gtest/gtest.h>

#include "expect_error.hpp"
#include "libchaos/config/guest_config.hpp"

namespace chaos {
namespace {

TEST(GuestName, ordinary_names_pass) {
    for (const std::string_view name : {"web", "w", "Web-1.example_a", "1a", "a1", "0x10"})
        EXPECT_TRUE(check_guest_name(name)) << name;
    EXPECT_TRUE(check_guest_name(std::string(maximum_name, 'a')));
}

TEST(GuestName, others_are_refused_with_the_reason) {
    EXPECT_TRUE(fails_saying(check_guest_name(""), {"empty"}));
    EXPECT_TRUE(fails_saying(check_guest_name(std::string(maximum_name + 1, 'a')), {"64"}));
    EXPECT_TRUE(fails_saying(check_guest_name("17"), {"\"17\"", "digits", "id"}));
    EXPECT_TRUE(fails_saying(check_guest_name("01234567-89ab-cdef-0123-456789abcdef"), {"UUID"}));
    for (const std::string_view name : {".web", "-web", "_web", ".", "..", "-"})
        EXPECT_TRUE(fails_saying(check_guest_name(name), {"start"})) << name;
    for (const std::string_view name : {"a/b", "a b", "a\n", "ä", "a:b", "a*"})
        EXPECT_TRUE(fails_saying(check_guest_name(name), {"only letters"})) << name;
    EXPECT_TRUE(fails_saying(check_guest_name(std::string_view("a\0b", 3)), {"\\x00"}));
}

} // namespace
} // namespace chaos
