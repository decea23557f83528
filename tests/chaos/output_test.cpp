// SPDX-License-Identifier: BSD-3-Clause
// How failures look, and printing where nobody can take it.
#include "chaos/output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "libchaos/unique_fd.hpp"

namespace chaos::cli {
namespace {

TEST(Presentable, is_the_story_on_one_line_and_the_advice_below) {
    const Error error = Error(ErrorKind::system, "it broke")
                            .while_doing("creating guest web")
                            .advise("Try again.\nOr do not.");
    EXPECT_EQ(presentable(error), "chaos: creating guest web: it broke\n  Try again.\n  Or do not.");
    EXPECT_EQ(presentable(Error(ErrorKind::system, "it broke")), "chaos: it broke");
}

TEST(Presentable, leaves_no_blank_lines_at_the_end) {
    const Error error = Error(ErrorKind::guest_failed, "it crashed").advise("It said:\nx\r\n\n");
    EXPECT_EQ(presentable(error), "chaos: it crashed\n  It said:\n  x");
}

TEST(Presentable, does_not_let_a_guest_steer_the_terminal) {
    const Error error = Error(ErrorKind::guest_failed, "it crashed").advise("\033]0;owned\a\x7f\ttab");
    EXPECT_EQ(presentable(error), "chaos: it crashed\n  \\x1b]0;owned\\x07\\x7f\ttab");
}

TEST(Format, makes_texts_of_any_length) {
    EXPECT_EQ(format("%s-%d", "a", 5), "a-5");
    EXPECT_EQ(format("%s", std::string(10'000, 'x').c_str()), std::string(10'000, 'x'));
    EXPECT_EQ(format("%s", ""), "");
}

TEST(Print, fails_when_the_disk_is_full) {
    const UniqueFd full(::open("/dev/full", O_WRONLY));
    const UniqueFd before(::dup(STDOUT_FILENO));
    ::dup2(full.get(), STDOUT_FILENO);
    const auto printed = print("x");
    ::dup2(before.get(), STDOUT_FILENO);
    ASSERT_FALSE(printed);
    EXPECT_EQ(printed.error().story(), "writing to standard output: write: No space left on device");
}

} // namespace
} // namespace chaos::cli
