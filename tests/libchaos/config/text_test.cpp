// SPDX-License-Identifier: BSD-3-Clause
// What reaches the reader's terminal is printable.
#include "libchaos/config/text.hpp"

#include <gtest/gtest.h>

namespace chaos::config {
namespace {

TEST(InQuotes, printable_text_stays) {
    EXPECT_EQ(in_quotes("web 1"), "\"web 1\"");
    EXPECT_EQ(in_quotes(""), "\"\"");
    EXPECT_EQ(in_quotes("Käse €😀"), "\"Käse €😀\"");
}

TEST(InQuotes, control_characters_and_stray_bytes_are_escaped) {
    EXPECT_EQ(in_quotes("\x1b[2J\x7f"), "\"\\x1b[2J\\x7f\"");
    EXPECT_EQ(in_quotes("\xff\x80"), "\"\\xff\\x80\"");
    EXPECT_EQ(in_quotes("\xc2\x9b"), "\"\\xc2\\x9b\"");                   // U+009B starts terminal sequences
    EXPECT_EQ(in_quotes("\xc0\xaf"), "\"\\xc0\\xaf\"");                   // overlong
    EXPECT_EQ(in_quotes("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"");          // a surrogate
    EXPECT_EQ(in_quotes("\xf5\x80\x80\x80"), "\"\\xf5\\x80\\x80\\x80\""); // beyond Unicode
    EXPECT_EQ(in_quotes("\xe2\x82"), "\"\\xe2\\x82\"");                   // cut
}

TEST(InQuotes, long_text_is_cut_between_characters) {
    EXPECT_EQ(in_quotes(std::string(60, 'a')), "\"" + std::string(60, 'a') + "\"");
    EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "…\"");
    EXPECT_EQ(in_quotes(std::string(59, 'a') + "€b"), "\"" + std::string(59, 'a') + "€…\"");
}

} // namespace
} // namespace chaos::config
