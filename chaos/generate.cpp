// SPDX-License-Identifier: BSD-3-Clause
// chaos generate: called by the build to make the completion script and the manual.
#include "chaos/generate.hpp"

#include "chaos/arguments.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context&, const Arguments& arguments) {
    const std::string& what = arguments.positionals().front();
    if (what != "bash-completion" && what != "manual")
        return Error(ErrorKind::invalid_argument, "cannot generate '" + what + "'")
            .advise("It can be 'bash-completion' or 'manual'.");
    TRY(print(what == "manual" ? manual() : bash_completion()));
    return ExitCode::success;
}

constexpr Positional positionals[] = {
    {"WHAT", false, false, Completes::nothing, "'bash-completion' or 'manual'."}};

} // namespace

constinit const Verb generate_verb = {.name = "generate",
                                      .summary = "Print the completion script or the manual's source",
                                      .text = {},
                                      .options = {},
                                      .positionals = positionals,
                                      .examples = {},
                                      .exits = {},
                                      .json_fields = {},
                                      .run = run,
                                      .hidden = true};

} // namespace chaos::cli
