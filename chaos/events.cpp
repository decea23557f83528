// SPDX-License-Identifier: BSD-3-Clause
// chaos events: what happens to guests and pools, as it happens.
#include <ctime>

#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/daemon_client.hpp"
#include "chaos/daemon_json.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/stop_signals.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

/// "2026-11-20 12:34:56.789 died guest web (domain 32700): crash"
std::string line_of(const Json& event) {
    const std::uint64_t unix_ms = number_in(event, "unix_ms");
    const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    char when[32];
    std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    std::string line =
        format("%s.%03u %-12s", when, static_cast<unsigned>(unix_ms % 1000), text_in(event, "kind").c_str());
    if (const std::string guest = text_in(event, "guest"); !guest.empty())
        line += format(" guest %s (domain %lu)", guest.c_str(),
                       static_cast<unsigned long>(number_in(event, "id")));
    if (const std::string flavour = text_in(event, "flavour"); !flavour.empty())
        line += " flavour " + flavour;
    if (const std::string detail = text_in(event, "detail"); !detail.empty())
        line += ": " + detail;
    return line;
}

Result<ExitCode> follow(Context& context, const Arguments& arguments) {
    std::string target = "/v1/events?kind=" + in_target(arguments.value("kind").value_or(""));
    for (std::size_t comma = 0; (comma = target.find("%2C", comma)) != std::string::npos;)
        target.replace(comma, 3, ","); // the daemon takes both; people read this one
    if (!arguments.positionals().empty())
        target += "&guest=" + in_target(arguments.positionals()[0]);
    if (const auto flavour = arguments.value("flavour"))
        target += "&flavour=" + in_target(*flavour);
    const StopSignals signals = TRY(StopSignals::catch_them());
    DaemonClient client = TRY(DaemonClient::connect(context.daemon_socket()));
    TRY(client.follow(target, signals.fd()));
    while (true) {
        auto line = client.next_line(signals.fd());
        if (!line && line.error().kind() == ErrorKind::interrupted)
            return ExitCode::success; // there is no other way to end it
        if (!line)
            return std::move(line).error();
        if (!*line)
            return Error(ErrorKind::system, "chaosd has ended the stream")
                .advise("It has ended, or this program was too slow for it.");
        if (context.json) {
            TRY(print(**line + "\n"));
            continue;
        }
        const Json event = TRY(read_answer(**line, nullptr));
        TRY(print(line_of(event) + "\n"));
    }
}

constexpr const char* text[] = {
    "Prints a line for each thing that happens to guests and pools of chaosd(8), from now on, until it is interrupted: "
    "created, ready (the guest has said so), died (it stopped or crashed by itself), restarted, destroyed, shell_ready, "
    "shell_failed, pool_changed."};
constexpr Option options[] = {
    {0, "kind", Takes::value, "KIND", "Only events of this kind, or of several with commas between them."},
    {0, "flavour", Takes::value, "FLAVOUR", "Only events of this flavour, its pool and its guests.",
     Completes::flavour},
};
constexpr Positional positionals[] = {
    {"GUEST", true, false, Completes::guest, "Only events of the guest of this name."}};
constexpr Example examples[] = {
    {"chaos events --kind died,restarted", "Watch guests fall and get up."},
    {"chaos events --json | jq -r .guest", "Print the names of guests as things happen to them."}};
constexpr ExitCode exits[] = {ExitCode::host};
constexpr JsonField fields[] = {
    {"kind", "What happened; each event is an object on a line of its own."},
    {"unix_ms", "When, in milliseconds since 1970."},
    {"guest", "The name of the guest; the event of a pool has none."},
    {"id", "Its domain id."},
    {"uuid", "Its UUID."},
    {"flavour", "The flavour of the pool, or that the guest came from; missing if there is none."},
    {"detail", "Why it died, or could not be prepared; missing if there is nothing to say."},
};

} // namespace

constinit const Verb events_verb = {.name = "events",
                                    .summary = "Print what happens to guests and pools",
                                    .text = text,
                                    .options = options,
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .json_fields = fields,
                                    .run = follow};

} // namespace chaos::cli
