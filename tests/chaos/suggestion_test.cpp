// SPDX-License-Identifier: BSD-3-Clause
// Guesses at misspelt words: close ones are found, far ones are not insulted with a guess.
#include "chaos/suggestion.hpp"

#include <gtest/gtest.h>

namespace chaos::cli {
namespace {

constexpr std::string_view words[] = {"create", "destroy", "list", "pause", "unpause", "domid"};

TEST(Suggestion, one_slip_is_forgiven) {
    EXPECT_EQ(nearest("creat", words), "create");
    EXPECT_EQ(nearest("lsit", words), "list");
    EXPECT_EQ(nearest("listt", words), "list");
    EXPECT_EQ(nearest("lost", words), "list");
    EXPECT_EQ(nearest("dommid", words), "domid");
}

TEST(Suggestion, longer_words_may_have_more_slips) {
    EXPECT_EQ(nearest("desrtoi", words), "destroy");
    EXPECT_EQ(nearest("upnause", words), "unpause");
}

TEST(Suggestion, what_is_far_from_everything_gets_no_guess) {
    EXPECT_EQ(nearest("migrate", words), "");
    EXPECT_EQ(nearest("x", words), "");
    EXPECT_EQ(nearest("", words), "");
    EXPECT_EQ(nearest("web", {}), "");
    EXPECT_EQ(nearest(std::string(500, 'a'), words), "");
}

} // namespace
} // namespace chaos::cli
