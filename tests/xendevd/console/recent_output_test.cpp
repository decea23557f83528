// SPDX-License-Identifier: BSD-3-Clause
// Recent output, against a string that forgets nothing.
#include "xendevd/console/recent_output.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace xendevd {
namespace {

std::string all_of(const RecentOutput& output) {
    std::string text(RecentOutput::capacity, '\0');
    text.resize(output.copy(output.oldest(), text));
    return text;
}

TEST(RecentOutputTest, keeps_the_newest) {
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        RecentOutput output;
        std::string everything;
        for (int write = 0; write < 60; ++write) {
            const std::size_t longest = write % 20 == 19 ? 3 * RecentOutput::capacity : 2048;
            std::string text(random() % longest, '\0');
            for (char& letter : text)
                letter = static_cast<char>(random());
            output.append(text);
            everything += text;
            ASSERT_EQ(output.end(), everything.size());
            const std::size_t kept = std::min(everything.size(), RecentOutput::capacity);
            ASSERT_EQ(output.oldest(), everything.size() - kept);
            ASSERT_EQ(all_of(output), everything.substr(everything.size() - kept));
        }
    }
}

TEST(RecentOutputTest, copies_from_a_position_what_fits) {
    RecentOutput output;
    output.append("0123456789");
    std::string few(4, '\0');
    EXPECT_EQ(output.copy(3, few), 4u);
    EXPECT_EQ(few, "3456");
    EXPECT_EQ(output.copy(8, few), 2u);
    EXPECT_EQ(output.copy(10, few), 0u);
}

} // namespace
} // namespace xendevd
