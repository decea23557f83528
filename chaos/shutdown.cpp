// SPDX-License-Identifier: BSD-3-Clause
// chaos shutdown: asks guests to power off, and cleans up after them if it is told to wait.
#include "chaos/arguments.hpp"
#include "chaos/stop_signals.hpp"
#include "chaos/targets.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

constexpr std::chrono::milliseconds default_timeout{30'000};

bool deserves_force(const Error& error) {
    return error.kind() == ErrorKind::timed_out || error.kind() == ErrorKind::guest_failed;
}

/// Waits for one guest and removes it; a guest that crashed on its way down is removed as well, but told of.
Result<const char*> wait_and_destroy(Host& host, const GuestInfo& guest, std::chrono::milliseconds timeout,
                                     int stop_fd) {
    const xen::ShutdownReason reason = TRY(wait_for_shutdown(host, guest, timeout, stop_fd));
    TRY(destroy(host, guest));
    if (reason == xen::ShutdownReason::crash)
        return Error(ErrorKind::guest_failed,
                     "guest " + guest.name() + " crashed instead of powering off; it is destroyed now");
    return "stopped";
}

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    const bool wait = arguments.has("wait");
    const bool force = arguments.has("force");
    const auto timeout = TRY(arguments.seconds("timeout", default_timeout));
    const auto& names = arguments.positionals();
    if (arguments.has("all") != names.empty())
        return Error(ErrorKind::invalid_argument,
                     names.empty() ? "GUEST is missing" : "guests were named beside --all")
            .advise("Name the guests, or give --all to shut every guest of chaos down.");

    StopSignals signals = TRY(StopSignals::catch_them());
    Targets targets = TRY(names.empty() ? Targets::all(context) : Targets::find(context, names));
    // All are asked before the first is waited for, so that they go down at the same time.
    targets.each([&](Host& host, const GuestInfo& guest) -> Result<const char*> {
        if (!guest.domain.shutdown) {
            auto asked = request_power(host, guest, PowerRequest::poweroff, timeout, signals.fd());
            if (!asked && force && deserves_force(asked.error())) {
                TRY(destroy(host, guest));
                return "destroyed";
            }
            TRY(std::move(asked));
        }
        return wait ? nullptr : "requested";
    });
    targets.each([&](Host& host, const GuestInfo& guest) -> Result<const char*> {
        auto stopped = wait_and_destroy(host, guest, timeout, signals.fd());
        if (!stopped && force && stopped.error().kind() == ErrorKind::timed_out) {
            TRY(destroy(host, guest));
            return "destroyed";
        }
        if (!stopped && stopped.error().kind() == ErrorKind::timed_out)
            return std::move(stopped).error().advise(
                "It was asked and is still stopping; 'chaos shutdown -w -F' destroys a guest that takes too "
                "long.");
        return stopped;
    });
    return targets.conclude();
}

constexpr const char* text[] = {
    "Asks the guests to power off, and returns when they have accepted. Where chaosd(8) runs, a guest that has "
    "stopped is dealt with as its on_poweroff says. Where it does not, it stays in 'chaos list', in state s, with "
    "its memory, until 'chaos destroy'.",
    "With -w the command stays until each guest has stopped, and then destroys it, so that it is gone when "
    "the command returns, as users of 'xl shutdown -w' expect.",
    "A unikernel is asked over its noxs system device, a stock kernel through its private store. One that has "
    "neither must be told by other means (over its console or the network), or destroyed."};
constexpr Option options[] = {
    {'w', "wait", Takes::nothing, nullptr, "Wait until the guests have stopped, then destroy them."},
    {'F', "force", Takes::nothing, nullptr,
     "Destroy a guest that cannot be asked, refuses, or does not stop in time."},
    {'a', "all", Takes::nothing, nullptr,
     "All guests that chaos made; domains of other tools are left alone."},
    {0, "timeout", Takes::value, "SECONDS",
     "How long a guest may take to answer, and with -w again to stop; 30 if not given."},
};
constexpr Positional positionals[] = {{"GUEST", true, true, Completes::guest,
                                       "A guest, by name, domain id or UUID. Needed unless --all is given."}};
constexpr Example examples[] = {
    {"chaos shutdown -w web", "Power guest web off and remove it."},
    {"chaos shutdown -awF --timeout 5", "Stop everything within about 10 seconds."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest, ExitCode::guest_failed,
                              ExitCode::timed_out, ExitCode::interrupted};

} // namespace

constinit const Verb shutdown_verb = {.name = "shutdown",
                                      .summary = "Ask guests to power off",
                                      .text = text,
                                      .options = options,
                                      .positionals = positionals,
                                      .examples = examples,
                                      .exits = exits,
                                      .json_fields = target_fields,
                                      .run = run};

} // namespace chaos::cli
