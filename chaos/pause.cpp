// SPDX-License-Identifier: BSD-3-Clause
// chaos pause: stops guests' vCPUs where they are.
#include "chaos/arguments.hpp"
#include "chaos/targets.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Targets targets = TRY(Targets::find(context, arguments.positionals()));
    targets.each([](Host& host, const GuestInfo& guest) -> Result<const char*> {
        // Xen counts pauses: a second one would make the next unpause do nothing.
        if (!guest.domain.paused)
            TRY(pause(host, guest));
        return "paused";
    });
    return targets.conclude();
}

constexpr const char* text[] = {"Stops the guests' virtual CPUs where they are. A paused guest keeps its "
                                "memory and uses no CPU time until 'chaos unpause'. Pausing a paused guest "
                                "does nothing."};
constexpr Example examples[] = {{"chaos pause web", "Freeze guest web."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest};

} // namespace

constinit const Verb pause_verb = {.name = "pause",
                                   .summary = "Stop the virtual CPUs of guests where they are",
                                   .text = text,
                                   .options = {},
                                   .positionals = target_positionals,
                                   .examples = examples,
                                   .exits = exits,
                                   .json_fields = target_fields,
                                   .run = run};

} // namespace chaos::cli
