// SPDX-License-Identifier: BSD-3-Clause
// How the words after a verb are understood, with a table of options made for it.
#include "chaos/arguments.hpp"

#include <gtest/gtest.h>

namespace chaos::cli {
namespace {

using namespace std::chrono_literals;

constexpr Option options[] = {
    {'n', "number", Takes::value, "N", ""},
    {'p', "pause", Takes::nothing, nullptr, ""},
    {'c', "console", Takes::nothing, nullptr, ""},
    {0, "wait", Takes::joined_value, "SECONDS", ""},
};
constexpr Option more_options[] = {{0, "json", Takes::nothing, nullptr, ""}};

Result<Arguments> parse(const std::vector<const char*>& words) {
    return Arguments::parse(options, more_options, words);
}

std::string failure(const std::vector<const char*>& words) {
    const auto parsed = parse(words);
    if (parsed)
        return "none";
    EXPECT_EQ(parsed.error().kind(), ErrorKind::invalid_argument);
    return parsed.error().story();
}

using Words = std::vector<std::string>;

TEST(Arguments, options_and_positionals_may_be_mixed) {
    const auto parsed = parse({"file", "--pause", "a=b", "-c", "c=d", "--json"});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->has("pause"));
    EXPECT_TRUE(parsed->has("console"));
    EXPECT_TRUE(parsed->has("json"));
    EXPECT_FALSE(parsed->has("wait"));
    EXPECT_FALSE(parsed->has("number"));
    EXPECT_EQ(parsed->positionals(), (Words{"file", "a=b", "c=d"}));
}

TEST(Arguments, no_words_are_no_arguments) {
    const auto parsed = parse({});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->positionals().empty());
}

TEST(Arguments, a_value_may_be_joined_or_follow) {
    for (const std::vector<const char*>& words :
         std::vector<std::vector<const char*>>{{"-n5", "file"},
                                               {"-n", "5", "file"},
                                               {"--number=5", "file"},
                                               {"--number", "5", "file"},
                                               {"file", "-pn5"},
                                               {"file", "-pn", "5"},
                                               {"file", "-n7", "-n5"}}) {
        const auto parsed = parse(words);
        ASSERT_TRUE(parsed) << parsed.error().story();
        EXPECT_EQ(parsed->value("number"), "5");
        EXPECT_EQ(parsed->positionals(), Words{"file"});
    }
}

TEST(Arguments, a_joined_value_never_takes_the_next_word) {
    const auto bare = parse({"--wait", "file"});
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->value("wait"), "");
    EXPECT_EQ(bare->positionals(), Words{"file"});
    const auto joined = parse({"--wait=2", "file"});
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->value("wait"), "2");
}

TEST(Arguments, letters_may_be_put_together) {
    const auto parsed = parse({"-pc"});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->has("pause"));
    EXPECT_TRUE(parsed->has("console"));
}

TEST(Arguments, two_dashes_end_the_options) {
    const auto parsed = parse({"-p", "--", "--json", "-c"});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->has("pause"));
    EXPECT_FALSE(parsed->has("json"));
    EXPECT_EQ(parsed->positionals(), (Words{"--json", "-c"}));
}

TEST(Arguments, a_dash_alone_and_empty_words_are_positionals) {
    const auto parsed = parse({"-", "", "x"});
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->positionals(), (Words{"-", "", "x"}));
}

TEST(Arguments, wrong_options_are_named) {
    EXPECT_EQ(failure({"--nope"}), "unknown option '--nope'");
    EXPECT_EQ(failure({"-px"}), "unknown option '-x'");
    EXPECT_EQ(failure({"--num", "5"}), "unknown option '--num'") << "prefixes are not guessed";
    EXPECT_EQ(failure({"--pause=1"}), "option '--pause' takes no value");
    EXPECT_EQ(failure({"file", "-n"}), "option '--number' needs a value, N");
    EXPECT_EQ(failure({"--number", "--pause", "5"}), "option '--number' needs a value, N");
    EXPECT_NE(failure({"--wait="}), "none");
    EXPECT_EQ(failure({"--pause=", "x"}).substr(0, 12), "the argument");
}

TEST(Arguments, a_misspelt_option_is_guessed) {
    const auto parsed = parse({"--pasue"});
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().advice(), "Did you mean '--pause'?");
}

TEST(Arguments, an_option_of_chaos_itself_is_sent_before_the_verb) {
    for (const char* word : {"-v", "--verbose", "--state-directory"}) {
        const auto parsed = parse({word});
        ASSERT_FALSE(parsed);
        EXPECT_NE(parsed.error().advice().find("before the verb"), std::string::npos);
    }
}

TEST(Arguments, numbers_are_checked) {
    const auto number = [](const char* text) { return parse({"-n", text})->number("number", 1, 100, 7); };
    EXPECT_EQ(*number("1"), 1u);
    EXPECT_EQ(*number("100"), 100u);
    EXPECT_EQ(*parse({})->number("number", 1, 100, 7), 7u);
    for (const char* text : {"0", "101", "", "1x", "x", " 1", "+1", "0x1", "1.0", "99999999999999999999"}) {
        const auto wrong = number(text);
        ASSERT_FALSE(wrong) << text;
        EXPECT_EQ(wrong.error().kind(), ErrorKind::invalid_argument);
        EXPECT_EQ(wrong.error().story(),
                  std::string("option '--number' takes a whole number from 1 to 100, not '") + text + "'");
    }
}

TEST(Arguments, seconds_may_have_a_fraction) {
    const auto seconds = [](const std::string& text) {
        return parse({("--wait=" + text).c_str()})->seconds("wait", 9s);
    };
    EXPECT_EQ(*seconds("5"), 5s);
    EXPECT_EQ(*seconds("0.25"), 250ms);
    EXPECT_EQ(*seconds(".5"), 500ms);
    EXPECT_EQ(*seconds("3."), 3s);
    EXPECT_EQ(*seconds("1.2345"), 1234ms);
    EXPECT_EQ(*seconds("1000000"), 1'000'000s);
    EXPECT_EQ(*parse({"--wait"})->seconds("wait", 9s), 9s);
    EXPECT_EQ(*parse({})->seconds("wait", 9s), 9s);
    for (const char* text : {"0", "0.0", "0.0001", ".", "x", "1x", "1.x", "-1", "1e3", "1000001", "1000000.1",
                             "99999999999999999999999", "1.2.3"})
        EXPECT_FALSE(seconds(text)) << text;
}

} // namespace
} // namespace chaos::cli
