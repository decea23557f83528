// SPDX-License-Identifier: BSD-3-Clause
// Targets of requests, decoded and refused.
#include <gtest/gtest.h>

#include "chaos/daemon/api/target.hpp"

namespace chaos::daemon::api {
namespace {

TEST(Target, is_split_and_decoded) {
    const auto target = parse_target("/v1/guests/a%2Fb%20c?force=true&x=%3d&y");
    ASSERT_TRUE(target) << target.error().story();
    EXPECT_EQ(target->path, (std::vector<std::string>{"v1", "guests", "a/b c"}));
    EXPECT_EQ(*find(*target, "x"), "=");
    EXPECT_EQ(*find(*target, "y"), "");
    EXPECT_EQ(find(*target, "z"), nullptr);
    EXPECT_TRUE(*flag(*target, "force"));
    EXPECT_FALSE(*flag(*target, "other"));
    EXPECT_FALSE(flag(*target, "y"));
    EXPECT_TRUE(has_only(*target, {"force", "x", "y"}));
    EXPECT_FALSE(has_only(*target, {"force", "x"}));
}

TEST(Target, with_an_origin_or_a_fragment_is_a_path_too) {
    EXPECT_EQ(parse_target("http://localhost/v1")->path.size(), 1u);
    EXPECT_TRUE(parse_target("http://localhost")->path.empty());
    EXPECT_EQ(parse_target("/v1#x?y")->path.at(0), "v1");
}

TEST(Target, that_is_hostile_is_refused) {
    for (const std::string target :
         {"", "v1", "*", "/%", "/%4", "/%4g", "/a%00", "/a%0a", "/%7f", "/?a&a", "/?a=%"})
        EXPECT_FALSE(parse_target(target)) << target;
    std::string long_one;
    for (int part = 0; part < 17; ++part)
        long_one += "/x";
    EXPECT_FALSE(parse_target(long_one));
}

} // namespace
} // namespace chaos::daemon::api
