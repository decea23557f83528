// SPDX-License-Identifier: BSD-3-Clause
// The calendar of daytime.
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "unikernels/apps/daytime/date.hpp"

namespace {

TEST(Date, agrees_with_the_c_library) {
    for (std::uint64_t seconds = 0; seconds < 20'000'000'000; seconds += 40'503'017) {
        char buffer[64];
        const auto time = static_cast<std::time_t>(seconds);
        char expected[64];
        std::tm fields{};
        std::strftime(expected, sizeof(expected), "%A, %B %-d, %Y %H:%M:%S-UTC\r\n",
                      ::gmtime_r(&time, &fields));
        ASSERT_EQ(write_date(buffer, seconds), expected) << seconds;
    }
}

TEST(Date, knows_odd_days) {
    char buffer[64];
    EXPECT_EQ(write_date(buffer, 951'782'400), "Tuesday, February 29, 2000 00:00:00-UTC\r\n");
    EXPECT_EQ(write_date(buffer, 951'868'800), "Wednesday, March 1, 2000 00:00:00-UTC\r\n");
    EXPECT_EQ(write_date(buffer, 946'684'799), "Friday, December 31, 1999 23:59:59-UTC\r\n");
}

} // namespace
