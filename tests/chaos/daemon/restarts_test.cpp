// SPDX-License-Identifier: BSD-3-Clause
// Crash loops: longer and longer pauses, then none any more; forgiven after a while.
#include "chaos/daemon/restarts.hpp"

#include <gtest/gtest.h>

namespace chaos::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Restarts, wait_longer_each_time_and_end) {
    Restarts restarts;
    const Uuid web = Uuid::random();
    auto now = SteadyClock::time_point{} + 1h;
    const SteadyClock::duration expected[] = {0s, 1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s};
    for (const auto wait : expected) {
        const auto next = restarts.next(web, now);
        ASSERT_TRUE(next);
        EXPECT_EQ(*next, wait);
        now += *next;
    }
    EXPECT_FALSE(restarts.next(web, now));
    EXPECT_FALSE(restarts.next(web, now + 1s));
    EXPECT_EQ(restarts.next(Uuid::random(), now), SteadyClock::duration(0s)) << "another guest suffers";
    EXPECT_EQ(restarts.next(web, now + Restarts::window + 1s), SteadyClock::duration(0s));
}

TEST(Restarts, of_long_ago_take_no_memory) {
    Restarts restarts;
    auto now = SteadyClock::time_point{} + 1h;
    for (int number = 0; number < 1000; ++number)
        (void)restarts.next(Uuid::random(), now);
    (void)restarts.next(Uuid::random(), now + 2 * Restarts::window + 1s);
    EXPECT_EQ(restarts.size(), 1u);
}

} // namespace
} // namespace chaos::daemon
