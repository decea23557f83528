// SPDX-License-Identifier: BSD-3-Clause
// Help is laid out for a terminal of 80 columns and leaves nothing of the table out.
#include "chaos/help_text.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "chaos/verbs.hpp"

namespace chaos::cli {
namespace {

void expect_narrow(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80u) << line;
        EXPECT_FALSE(line.ends_with(' ')) << line;
    }
    EXPECT_TRUE(text.ends_with('\n'));
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(Help, the_overview_names_every_verb_but_hidden_ones) {
    const std::string text = overview();
    expect_narrow(text);
    for (const Verb* verb : verbs())
        EXPECT_EQ(holds(text, verb->summary), !verb->hidden) << verb->name;
    EXPECT_TRUE(holds(text, "--state-directory DIR"));
}

TEST(Help, each_verb_tells_its_options_and_exit_codes) {
    for (const Verb* verb : verbs()) {
        SCOPED_TRACE(verb->name);
        const std::string text = help_of(*verb);
        expect_narrow(text);
        for (const auto& table : {verb->options, common_options(*verb)})
            for (const Option& option : table)
                EXPECT_TRUE(holds(text, spelling_of(option)));
        for (const ExitCode code : verb->exits)
            EXPECT_TRUE(holds(text, "\n  " + std::to_string(static_cast<int>(code)) + " "));
        for (const JsonField& field : verb->json_fields)
            EXPECT_TRUE(holds(text, field.name));
        EXPECT_TRUE(holds(text, "Usage: chaos " + std::string(verb->name)));
    }
}

TEST(Help, usage_shows_what_may_be_left_out) {
    EXPECT_EQ(
        usage_of(create_verb),
        "chaos create [-n N] [-p] [-c] [--wait[=SECONDS]] [--flavour FLAVOUR] [-s] [--skip-daemon] [--dry-run] "
        "[--json] [FILE] [KEY=VALUE...]");
    EXPECT_EQ(usage_of(destroy_verb), "chaos destroy [--json] GUEST...");
    EXPECT_EQ(usage_of(console_verb), "chaos console [-r] [--dump] GUEST");
}

TEST(Wrapped, breaks_between_words) {
    const std::string sixty(60, 'a');
    EXPECT_EQ(wrapped(sixty + " " + std::string(15, 'b') + " c d", 2),
              "  " + sixty + " " + std::string(15, 'b') + " c\n  d\n");
    EXPECT_EQ(wrapped("a", 4), "    a\n");
    EXPECT_EQ(wrapped("", 4), "");
    EXPECT_EQ(wrapped(std::string(100, 'x'), 0), std::string(100, 'x') + "\n") << "a long word is not cut";
}

} // namespace
} // namespace chaos::cli
