// SPDX-License-Identifier: BSD-3-Clause
// chaos help: the table of verbs for people.
#include "chaos/arguments.hpp"
#include "chaos/help_text.hpp"
#include "chaos/output.hpp"
#include "chaos/program.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context&, const Arguments& arguments) {
    if (arguments.positionals().empty()) {
        TRY(print(overview()));
        return ExitCode::success;
    }
    std::string name = arguments.positionals().front();
    if (arguments.positionals().size() > 1)
        name += " " + arguments.positionals()[1];
    if (const Verb* verb = find_verb(name)) {
        TRY(print(help_of(*verb)));
        return ExitCode::success;
    }
    if (!is_group(name))
        return unknown_verb(name);
    std::string all;
    for (const Verb* verb : verbs())
        if (verb->name.starts_with(name + " "))
            all += (all.empty() ? "" : "\n\n") + help_of(*verb);
    TRY(print(all));
    return ExitCode::success;
}

constexpr const char* text[] = {
    "Says what chaos can do, or how one verb is used. 'chaos VERB --help' is the same."};
constexpr Positional positionals[] = {{"VERB", true, false, Completes::verb, "The verb to explain."},
                                      {"WORD", true, false, Completes::nothing,
                                       "The second word of a verb that has two, such as 'pool list'."}};
constexpr Example examples[] = {{"chaos help create", "How guests are made."}};

} // namespace

constinit const Verb help_verb = {.name = "help",
                                  .summary = "Explain chaos or one verb",
                                  .text = text,
                                  .options = {},
                                  .positionals = positionals,
                                  .examples = examples,
                                  .exits = {},
                                  .json_fields = {},
                                  .run = run};

} // namespace chaos::cli
