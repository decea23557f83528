// SPDX-License-Identifier: BSD-3-Clause
// chaos destroy: ends guests at once.
#include "chaos/arguments.hpp"
#include "chaos/targets.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/domain/claimed.hpp"

namespace chaos::cli {

namespace {

/// For whoever shuts the guest down or makes it anew at the moment.
constexpr std::chrono::milliseconds patience{60'000};

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Targets targets = TRY(Targets::find(context, arguments.positionals()));
    targets.each([](Host& host, const GuestInfo& guest) -> Result<const char*> {
        TRY(destroy_claimed(host, guest, patience));
        return "destroyed";
    });
    return targets.conclude();
}

constexpr const char* text[] = {
    "Ends the guests at once, as if their power was cut, and forgets them: the domain, its memory and its "
    "name are free again when the command returns. A guest that is to save its work first wants 'shutdown "
    "-w'."};
constexpr Example examples[] = {{"chaos destroy web-1 web-2", "End two guests."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest};

} // namespace

constinit const Verb destroy_verb = {.name = "destroy",
                                     .summary = "End guests at once",
                                     .text = text,
                                     .options = {},
                                     .positionals = target_positionals,
                                     .examples = examples,
                                     .exits = exits,
                                     .json_fields = target_fields,
                                     .run = run};

} // namespace chaos::cli
