// SPDX-License-Identifier: BSD-3-Clause
// Exit codes are an interface: scripts compare them with these numbers.
#include "chaos/exit_code.hpp"

#include <gtest/gtest.h>

#include <set>

namespace chaos::cli {
namespace {

int code_of(ErrorKind kind) {
    return static_cast<int>(exit_code_of(kind));
}

TEST(ExitCode, every_kind_of_failure_has_its_number) {
    EXPECT_EQ(code_of(ErrorKind::system), 1);
    EXPECT_EQ(code_of(ErrorKind::invalid_argument), 2);
    EXPECT_EQ(code_of(ErrorKind::invalid_config), 3);
    EXPECT_EQ(code_of(ErrorKind::invalid_image), 3);
    EXPECT_EQ(code_of(ErrorKind::not_permitted), 4);
    EXPECT_EQ(code_of(ErrorKind::not_on_xen), 4);
    EXPECT_EQ(code_of(ErrorKind::wrong_version), 4);
    EXPECT_EQ(code_of(ErrorKind::not_found), 5);
    EXPECT_EQ(code_of(ErrorKind::name_taken), 6);
    EXPECT_EQ(code_of(ErrorKind::out_of_memory), 7);
    EXPECT_EQ(code_of(ErrorKind::guest_failed), 8);
    EXPECT_EQ(code_of(ErrorKind::timed_out), 9);
    EXPECT_EQ(code_of(ErrorKind::interrupted), 130);
}

TEST(ExitCode, the_table_has_every_code_once_and_says_what_it_means) {
    std::set<int> codes;
    int before = -1;
    for (const ExitCodeMeaning& meaning : exit_codes()) {
        EXPECT_GT(static_cast<int>(meaning.code), before);
        before = static_cast<int>(meaning.code);
        codes.insert(before);
        EXPECT_TRUE(std::string_view(meaning.text).ends_with('.')) << meaning.text;
    }
    EXPECT_EQ(codes, (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130}));
}

TEST(ExitCode, every_kind_of_failure_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (int kind = 0; kind <= static_cast<int>(ErrorKind::interrupted); ++kind)
        names.insert(name_of(static_cast<ErrorKind>(kind)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::interrupted) + 1);
    EXPECT_EQ(name_of(ErrorKind::name_taken), "name_taken");
}

} // namespace
} // namespace chaos::cli
