// SPDX-License-Identifier: BSD-3-Clause
// chaos console: joins the terminal to a guest's console.
#include "chaos/arguments.hpp"
#include "chaos/attended.hpp"
#include "chaos/console_end.hpp"
#include "chaos/console_session.hpp"
#include "chaos/context.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Host& host = *TRY(context.host());
    const GuestInfo guest = TRY(chaos::find(host, arguments.positionals().front()));
    const bool dump = arguments.has("dump");
    const ConsoleWish wish{.write = !dump && !arguments.has("read-only")};
    const auto console = TRY(attach_console(host, guest, wish));
    if (dump) {
        console->wait_for_recent_output();
        TRY(print_written(*console));
        return ExitCode::success;
    }
    const StopSignals signals = TRY(StopSignals::catch_them());
    return attend(host, guest, *console, signals);
}

constexpr const char* text[] = {
    "Shows what the guest writes on its console and hands it what you type, until it stops or you type "
    "Ctrl-]. The guest goes on when you leave.",
    "If xendevd runs, it has the console: it logs what the guest writes, and shows the recent output first. "
    "Any number of people can look on, and one of them can type.",
    "Without xendevd, one console at a time can be attached to a guest, and nothing is kept but what fits into "
    "the guest's console ring (2 KiB): a guest that writes more than that while nobody is attached waits, or "
    "drops it, as it chooses.",
    "If standard input is a file or a pipe, it is handed to the guest as it is; its end does not end the "
    "command, because the guest's answer is still to come."};
constexpr Option options[] = {
    {'r', "read-only", Takes::nothing, nullptr, "Look on, and let somebody else type."},
    {0, "dump", Takes::nothing, nullptr,
     "Print the recent output and leave. Without xendevd: what the guest has written and nobody has read yet."},
};
constexpr Positional positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name, domain id or UUID."}};
constexpr Example examples[] = {
    {"chaos console web", "Talk to guest web."},
    {"chaos console -r web", "See what it writes, without disturbing it."},
    {"echo quit | chaos console hello", "Say one thing, and stay until the guest stops."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest, ExitCode::guest_failed,
                              ExitCode::interrupted};

} // namespace

constinit const Verb console_verb = {.name = "console",
                                     .summary = "Talk to a guest over its console",
                                     .text = text,
                                     .options = options,
                                     .positionals = positionals,
                                     .examples = examples,
                                     .exits = exits,
                                     .json_fields = {},
                                     .run = run};

} // namespace chaos::cli
