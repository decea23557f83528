// SPDX-License-Identifier: BSD-3-Clause
// chaos unpause: lets paused guests run.
#include "chaos/arguments.hpp"
#include "chaos/targets.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Targets targets = TRY(Targets::find(context, arguments.positionals()));
    targets.each([](Host& host, const GuestInfo& guest) -> Result<const char*> {
        if (guest.domain.paused)
            TRY(unpause(host, guest));
        return "unpaused";
    });
    return targets.conclude();
}

constexpr const char* text[] = {"Lets guests run that were paused, or that were made with 'chaos create -p'. "
                                "Does nothing to a guest that runs."};
constexpr Example examples[] = {{"chaos unpause web", "Let guest web go on."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest};

} // namespace

constinit const Verb unpause_verb = {.name = "unpause",
                                     .summary = "Let paused guests run",
                                     .text = text,
                                     .options = {},
                                     .positionals = target_positionals,
                                     .examples = examples,
                                     .exits = exits,
                                     .json_fields = target_fields,
                                     .run = run};

} // namespace chaos::cli
