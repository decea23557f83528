// SPDX-License-Identifier: BSD-3-Clause
// chaos reboot: asks guests to stop and makes them anew.
#include "chaos/arguments.hpp"
#include "chaos/stop_signals.hpp"
#include "chaos/targets.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/domain/claimed.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

constexpr std::chrono::milliseconds default_timeout{30'000};

/// Gets the guest to stop, with its consent.
Result<void> stop(Host& host, const GuestInfo& guest, std::chrono::milliseconds timeout, int stop_fd) {
    if (guest.domain.shutdown)
        return {};
    TRY(request_power(host, guest, PowerRequest::reboot, timeout, stop_fd));
    if (TRY(wait_for_shutdown(host, guest, timeout, stop_fd)) == xen::ShutdownReason::crash)
        return Error(ErrorKind::guest_failed, "guest " + guest.name() + " crashed instead of rebooting")
            .advise("'chaos reboot -F' makes it anew; 'chaos destroy' removes it.");
    return {};
}

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    const bool force = arguments.has("force");
    const auto timeout = TRY(arguments.seconds("timeout", default_timeout));
    StopSignals signals = TRY(StopSignals::catch_them());
    Targets targets = TRY(Targets::find(context, arguments.positionals()));
    targets.each([&](Host& host, GuestInfo& guest) -> Result<const char*> {
        // Or chaosd would act on the guest's end as well.
        ClaimedGuest claimed = TRY(claim(host, guest, timeout, signals.fd()));
        guest = std::move(claimed.guest);
        if (claimed.made_anew)
            return "rebooted";
        auto stopped = stop(host, guest, timeout, signals.fd());
        const bool forced = !stopped && force &&
                            (stopped.error().kind() == ErrorKind::timed_out ||
                             stopped.error().kind() == ErrorKind::guest_failed);
        if (!forced)
            TRY(std::move(stopped));
        guest.domain.id =
            TRY(restart(host, guest, {.paused = false, .wait_ready = {}, .stop_fd = signals.fd()})).id;
        return "rebooted";
    });
    return targets.conclude();
}

constexpr const char* text[] = {"Asks each guest to stop for a reboot, waits until it has, and makes it anew "
                                "from the configuration it was made with: same name, same UUID, another "
                                "domain id. The kernel and ramdisk are read again. A guest that has stopped "
                                "already is made anew at once."};
constexpr Option options[] = {
    {'F', "force", Takes::nothing, nullptr,
     "Make a guest anew even if it cannot be asked, refuses, crashes, or does not stop in time."},
    {0, "timeout", Takes::value, "SECONDS",
     "How long a guest may take to answer, and again to stop; 30 if not given."},
};
constexpr Example examples[] = {{"chaos reboot web", "Reboot guest web."}};
constexpr ExitCode exits[] = {ExitCode::configuration, ExitCode::host,         ExitCode::no_such_guest,
                              ExitCode::out_of_memory, ExitCode::guest_failed, ExitCode::timed_out,
                              ExitCode::interrupted};

} // namespace

constinit const Verb reboot_verb = {.name = "reboot",
                                    .summary = "Stop guests and make them anew",
                                    .text = text,
                                    .options = options,
                                    .positionals = target_positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .json_fields = target_fields,
                                    .run = run};

} // namespace chaos::cli
