// SPDX-License-Identifier: BSD-3-Clause
// Keys that are refused by name, and guesses at misspelt ones.
#include "libchaos/config/keys.hpp"

#include <array>
#include <gtest/gtest.h>

namespace chaos::config {
namespace {

TEST(RefusedKeys, are_found_by_their_whole_name_only) {
    ASSERT_NE(find_refused_key("vnc"), nullptr);
    EXPECT_NE(find_refused_key("vnc")->why.find("device model"), std::string_view::npos);
    EXPECT_EQ(find_refused_key("vn"), nullptr);
    EXPECT_EQ(find_refused_key("vncx"), nullptr);
    EXPECT_EQ(find_refused_key(""), nullptr);
}

TEST(NearestKey, a_slip_finds_its_key) {
    constexpr std::array<std::string_view, 4> keys{"memory", "maxmem", "cpus", "kernel"};
    EXPECT_EQ(nearest_key("memroy", keys), "memory");
    EXPECT_EQ(nearest_key("mem_ory", keys), "memory");
    EXPECT_EQ(nearest_key("kernle", keys), "kernel");
    EXPECT_EQ(nearest_key("cpu", keys), "cpus");
    EXPECT_EQ(nearest_key("cpus", keys), "cpus");
}

TEST(NearestKey, what_is_far_from_all_finds_none) {
    constexpr std::array<std::string_view, 2> keys{"memory", "cpus"};
    EXPECT_EQ(nearest_key("flavour", keys), "");
    EXPECT_EQ(nearest_key("abcd", keys), "");
    EXPECT_EQ(nearest_key(std::string(1000, 'm'), keys), "");
}

} // namespace
} // namespace chaos::config
