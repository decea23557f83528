// SPDX-License-Identifier: BSD-3-Clause
// Rules that hold for the table of verbs, whatever verbs are in it.
#include "chaos/verbs.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "chaos/arguments.hpp"

namespace chaos::cli {
namespace {

TEST(Verbs, are_those_that_users_of_xl_expect) {
    for (const char* name :
         {"create",         "destroy",      "shutdown",     "reboot",       "pause",
          "unpause",        "list",         "info",         "console",      "domid",
          "domname",        "rename",       "version",      "help",         "network-attach",
          "network-detach", "network-list", "block-attach", "block-detach", "block-list"})
        EXPECT_NE(find_verb(name), nullptr) << name;
    EXPECT_EQ(find_verb("creat"), nullptr)
        << "no guessing: a verb that is added later would change its meaning";
    EXPECT_EQ(find_verb(""), nullptr);
}

TEST(Verbs, have_names_of_their_own_and_say_what_they_do) {
    std::set<std::string_view> names;
    for (const Verb* verb : verbs()) {
        SCOPED_TRACE(verb->name);
        EXPECT_TRUE(names.insert(verb->name).second);
        EXPECT_NE(verb->run, nullptr);
        EXPECT_FALSE(std::string_view(verb->summary).ends_with('.'));
        if (verb->hidden)
            continue;
        EXPECT_FALSE(verb->text.empty());
        EXPECT_FALSE(verb->examples.empty());
        for (const char* paragraph : verb->text)
            EXPECT_TRUE(std::string_view(paragraph).ends_with('.')) << paragraph;
    }
}

TEST(Verbs, have_options_that_do_not_clash) {
    for (const Verb* verb : verbs()) {
        SCOPED_TRACE(verb->name);
        std::set<std::string> taken;
        for (const auto& table : {verb->options, common_options(*verb)})
            for (const Option& option : table) {
                EXPECT_TRUE(taken.insert(option.name).second) << option.name;
                EXPECT_TRUE(option.letter == 0 || taken.insert({option.letter}).second) << option.letter;
                EXPECT_EQ(option.takes == Takes::nothing, option.value == nullptr) << option.name;
                EXPECT_TRUE(std::string_view(option.text).ends_with('.')) << option.text;
            }
    }
}

TEST(Verbs, only_the_last_positional_repeats_and_none_is_needed_after_an_optional_one) {
    for (const Verb* verb : verbs())
        for (std::size_t index = 0; index + 1 < verb->positionals.size(); ++index) {
            EXPECT_FALSE(verb->positionals[index].repeats) << verb->name;
            EXPECT_TRUE(!verb->positionals[index].optional || verb->positionals[index + 1].optional)
                << verb->name;
        }
}

TEST(Verbs, texts_are_plain_ascii) {
    const auto check = [](std::string_view text) {
        for (const char character : text)
            EXPECT_TRUE(character >= ' ' && character <= '~') << text;
    };
    for (const Verb* verb : verbs()) {
        check(verb->summary);
        for (const char* paragraph : verb->text)
            check(paragraph);
        for (const Option& option : verb->options)
            check(option.text);
        for (const JsonField& field : verb->json_fields)
            check(field.text);
    }
}

/// The words of an example's last command, as a shell would split them; good enough for the examples there
/// are.
std::vector<std::string> words_of(const char* command) {
    std::string text = command;
    if (const auto start = text.find("| chaos "); start != std::string::npos)
        text = text.substr(start + 2);
    std::istringstream stream(text.substr(0, text.find(" | ")));
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

TEST(Verbs, examples_are_understood) {
    for (const Verb* verb : verbs())
        for (const Example& example : verb->examples) {
            SCOPED_TRACE(example.command);
            const auto words = words_of(example.command);
            ASSERT_GE(words.size(), 2u);
            EXPECT_EQ(words[0], "chaos");
            const std::size_t length = verb->name.find(' ') == std::string_view::npos ? 1 : 2;
            ASSERT_EQ(length == 1 ? words[1] : words[1] + " " + words.at(2), verb->name);
            std::vector<const char*> pointers;
            for (std::size_t index = 1 + length; index < words.size(); ++index)
                pointers.push_back(words[index].c_str());
            const auto parsed = Arguments::parse(verb->options, common_options(*verb), pointers);
            ASSERT_TRUE(parsed) << parsed.error().story();
            EXPECT_TRUE(check_positionals(*verb, parsed->positionals()));
        }
}

TEST(Positionals, too_few_and_too_many_are_named) {
    EXPECT_TRUE(check_positionals(rename_verb, {"a", "b"}));
    EXPECT_EQ(check_positionals(rename_verb, {"a"}).error().story(), "NAME is missing");
    EXPECT_EQ(check_positionals(rename_verb, {}).error().story(), "GUEST is missing");
    EXPECT_EQ(check_positionals(rename_verb, {"a", "b", "c"}).error().story(), "one argument too many: 'c'");
    EXPECT_TRUE(check_positionals(destroy_verb, {"a", "b", "c"}));
    EXPECT_TRUE(check_positionals(list_verb, {}));
    EXPECT_FALSE(check_positionals(version_verb, {"x"}));
}

} // namespace
} // namespace chaos::cli
