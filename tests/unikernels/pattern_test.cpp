// SPDX-License-Identifier: BSD-3-Clause
// What blkcheck holds a disk against.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "unikernels/apps/blkcheck/pattern.hpp"

namespace {

TEST(Pattern, is_found_again_where_it_was_written_and_nowhere_else) {
    std::vector<std::uint64_t> words(512);
    fill_pattern(words, 4096, 7);
    EXPECT_EQ(check_pattern(words, 4096, 7), words.size());
    EXPECT_EQ(check_pattern(words, 8192, 7), 0u);
    EXPECT_EQ(check_pattern(words, 4096, 8), 0u);
    words[300] ^= 1;
    EXPECT_EQ(check_pattern(words, 4096, 7), 300u);
}

TEST(Pattern, has_the_checksum_that_others_compute) {
    Crc32 sum;
    EXPECT_EQ(sum.value(), 0u);
    const char text[] = "123456789";
    sum.add(std::as_bytes(std::span(text, 4)));
    sum.add(std::as_bytes(std::span(text + 4, 5)));
    EXPECT_EQ(sum.value(), 0xcbf43926u);
}

} // namespace
