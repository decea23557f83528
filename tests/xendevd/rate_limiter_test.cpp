// SPDX-License-Identifier: BSD-3-Clause
// The buckets of a disk's rate limit.
#include "xendevd/rate_limiter.hpp"

#include <gtest/gtest.h>

namespace xendevd {
namespace {

using namespace std::chrono_literals;

const Clock::time_point begin{1000s};

TEST(RateLimiterTest, nothing_limits_without_a_limit) {
    RateLimiter limiter({});
    for (int index = 0; index < 1000; ++index) {
        ASSERT_TRUE(limiter.allows(begin));
        limiter.charge(1e9, 1);
    }
}

TEST(RateLimiterTest, passes_a_burst_then_the_rate) {
    RateLimiter limiter({.bytes_per_second = 1'000'000, .interval_us = 50'000});
    std::uint64_t passed = 0;
    for (auto now = begin; now < begin + 1s; now += 1ms) {
        while (limiter.allows(now)) {
            limiter.charge(4096, 1);
            passed += 4096;
        }
    }
    EXPECT_NEAR(static_cast<double>(passed), 1'050'000, 5'000);
}

TEST(RateLimiterTest, counts_requests_as_well) {
    RateLimiter limiter({.operations_per_second = 100, .interval_us = 100'000});
    int passed = 0;
    for (auto now = begin; now < begin + 2s; now += 1ms) {
        for (; limiter.allows(now); ++passed)
            limiter.charge(1 << 20, 1);
    }
    EXPECT_NEAR(passed, 210, 2);
}

TEST(RateLimiterTest, a_large_request_is_paid_for_afterwards) {
    RateLimiter limiter({.bytes_per_second = 100'000, .interval_us = 50'000});
    ASSERT_TRUE(limiter.allows(begin));
    limiter.charge(1'005'000, 1); // a burst of 5,000 and ten seconds' worth
    EXPECT_FALSE(limiter.allows(begin + 9990ms));
    EXPECT_NEAR(std::chrono::duration<double>(limiter.next() - begin).count(), 10, 0.02);
    EXPECT_TRUE(limiter.allows(limiter.next()));
}

} // namespace
} // namespace xendevd
