// SPDX-License-Identifier: BSD-3-Clause
// What a Result carries, and how an Error's story grows on its way up.
#include "libchaos/result.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <memory>

namespace chaos {
namespace {

Result<int> parse_digit(char c) {
    if (c < '0' || c > '9')
        return Error(ErrorKind::invalid_argument, "no digit");
    return c - '0';
}

Result<int> add_digits(char a, char b) {
    const int first = TRY(parse_digit(a));
    return first + TRY(parse_digit(b));
}

Result<std::unique_ptr<int>> make_owned(char c) {
    return std::make_unique<int>(TRY(parse_digit(c)));
}

Result<void> check(char c) {
    TRY(parse_digit(c).while_doing("checking"));
    return {};
}

TEST(Result, holds_a_value) {
    const auto result = parse_digit('7');
    ASSERT_TRUE(result.has_value());
    EXPECT_TRUE(static_cast<bool>(result));
    EXPECT_EQ(*result, 7);
}

TEST(Result, holds_an_error) {
    const auto result = parse_digit('x');
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(result.error().story(), "no digit");
}

TEST(Result, TRY_unwraps_a_value_and_returns_an_error) {
    EXPECT_EQ(*add_digits('3', '4'), 7);
    EXPECT_FALSE(add_digits('x', '4'));
    EXPECT_FALSE(add_digits('3', 'x'));
}

TEST(Result, moves_what_cannot_be_copied) {
    auto result = make_owned('5');
    ASSERT_TRUE(result);
    const std::unique_ptr<int> owned = *std::move(result);
    EXPECT_EQ(*owned, 5);
}

TEST(Result, void_says_only_whether_it_worked) {
    EXPECT_TRUE(check('1'));
    const auto failed = check('x');
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().story(), "checking: no digit");
}

TEST(Result, while_doing_leaves_a_value_alone) {
    EXPECT_EQ(*parse_digit('2').while_doing("counting"), 2);
}

TEST(Error, tells_its_story_outermost_first) {
    const Error error = Error(ErrorKind::system, "it broke").while_doing("inner").while_doing("outer");
    EXPECT_EQ(error.story(), "outer: inner: it broke");
}

TEST(Error, from_errno_names_the_call_and_keeps_the_number) {
    const Error error = Error::from_errno("open", ENOENT);
    EXPECT_EQ(error.story(), "open: No such file or directory");
    EXPECT_EQ(error.system_errno(), ENOENT);
    EXPECT_EQ(error.kind(), ErrorKind::system);
}

TEST(Error, from_errno_picks_the_kinds_that_callers_decide_on) {
    EXPECT_EQ(Error::from_errno("x", EPERM).kind(), ErrorKind::not_permitted);
    EXPECT_EQ(Error::from_errno("x", EACCES).kind(), ErrorKind::not_permitted);
    EXPECT_EQ(Error::from_errno("x", ENOMEM).kind(), ErrorKind::out_of_memory);
    EXPECT_EQ(Error::from_errno("x", EINTR).kind(), ErrorKind::interrupted);
}

TEST(Error, keeps_its_story_when_it_is_assigned_to_itself_with_more) {
    Error error(ErrorKind::system, "cause");
    error = std::move(error).while_doing("acting").advise("advice").as(ErrorKind::not_found);
    EXPECT_EQ(error.story(), "acting: cause");
    EXPECT_EQ(error.advice(), "advice");
}

TEST(Error, first_advice_wins) {
    const Error error = Error(ErrorKind::system, "x").advise("near").advise("far");
    EXPECT_EQ(error.advice(), "near");
}

TEST(Error, as_changes_the_kind_and_nothing_else) {
    const Error error = Error::from_errno("open", ENOENT).as(ErrorKind::not_found);
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_EQ(error.system_errno(), ENOENT);
    EXPECT_EQ(error.story(), "open: No such file or directory");
}

} // namespace
} // namespace chaos
