// SPDX-License-Identifier: BSD-3-Clause
// Sitting beside a guest: what the user is told when it begins and when it ends.
#include "chaos/attended.hpp"

#include "chaos/console_session.hpp"
#include "chaos/device_verbs.hpp"
#include "chaos/guest_text.hpp"
#include "chaos/output.hpp"
#include "chaos/terminal.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

/// Tells how the guest ended; an Error if it crashed. One that is gone altogether was destroyed by somebody
/// else.
Result<void> tell_end(Host& host, const GuestInfo& guest, bool on_terminal) {
    const auto domain = TRY(host.control().domain_info(guest.domain.id));
    const bool listed = domain && domain->handle == guest.domain.handle && domain->shutdown;
    if (listed && domain->shutdown_reason == xen::ShutdownReason::crash)
        return Error(ErrorKind::guest_failed, "guest " + guest.name() + " crashed")
            .advise("'chaos destroy' removes it; 'chaos reboot' makes it anew.");
    if (on_terminal && listed)
        note(format("Guest %s has stopped (%s). 'chaos destroy' removes it; 'chaos reboot' makes it anew.",
                    guest.name().c_str(), word_of(domain->shutdown_reason)));
    else if (on_terminal)
        note("Guest " + guest.name() + " was destroyed.");
    return {};
}

} // namespace

Result<ExitCode> attend(Host& host, const GuestInfo& guest, ConsoleEnd& console, const StopSignals& signals) {
    const RawTerminal terminal =
        TRY(RawTerminal::enter()); // before the user is told that keys go to the guest
    const bool on_terminal = terminal.is_terminal();
    if (on_terminal)
        note("This is the console of guest " + guest.name() + "; Ctrl-] leaves it.");
    if (TRY(converse(console, on_terminal, signals.fd())) == SessionEnd::guest_stopped)
        TRY(tell_end(host, guest, on_terminal));
    else
        note(""); // the shell's prompt begins on a line of its own
    return ExitCode::success;
}

Result<ExitCode> create_attended(Context& context, const GuestConfig& config, const Kernel& kernel,
                                 bool paused, const StopSignals& signals) {
    Host& host = *TRY(context.host());
    const CreateOptions options{.paused = true, .wait_ready = {}, .stop_fd = signals.fd()};
    const CreatedGuest created = TRY(as_configuration(create(host, config, kernel, options)));
    return attend_new(context, created, paused, signals);
}

Result<ExitCode> attend_new(Context& context, const CreatedGuest& created, bool paused,
                            const StopSignals& signals) {
    Host& host = *TRY(context.host());
    const GuestInfo guest = TRY(chaos::find(host, std::to_string(raw(created.id))));
    auto console = attach_console(host, guest, {});
    if (!console) { // a guest that was to be watched is of no use unseen
        TRY(destroy(host, guest));
        return std::move(console).error();
    }
    if (!paused)
        TRY(unpause(host, guest));
    return attend(host, guest, **console, signals);
}

} // namespace chaos::cli
