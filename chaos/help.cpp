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
    const Verb* verb = find_verb(arguments.positionals().front());
    if (verb == nullptr)
        return unknown_verb(arguments.positionals().front());
    TRY(print(help_of(*verb)));
    return ExitCode::success;
}

constexpr const char* text[] = {
    "Says what chaos can do, or how one verb is used. 'chaos VERB --help' is the same."};
constexpr Positional positionals[] = {{"VERB", true, false, Completes::verb, "The verb to explain."}};
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
