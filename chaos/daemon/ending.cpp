// SPDX-License-Identifier: BSD-3-Clause
// Destroying, preserving under another name, dumping; in the order that loses nothing.
#include "chaos/daemon/ending.hpp"

#include <ctime>

#include "chaos/daemon/core_dump.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::daemon {

namespace {

/// "web-20261127T201500Z", cut so that it is a guest's name.
std::string name_of_preserved(const std::string& name) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[24];
    const std::size_t size = std::strftime(text, sizeof text, "-%Y%m%dT%H%M%SZ", &parts);
    return name.substr(0, maximum_name - size) + std::string(text, size);
}

/// The guest stays as it is, but gives up its name, its disks and its addresses.
Result<void> preserve_renamed(Host& host, const GuestInfo& guest) {
    TRY(rename(host, guest, name_of_preserved(guest.name())));
    if (auto devices = host.devices(); devices && *devices)
        (void)(*devices)->forget(guest.domain.id);
    return {};
}

/// A guest that could not be made anew is worth more stopped than destroyed.
Result<void> check_restartable(Host& host, const GuestConfig& config) {
    const Kernel kernel = TRY(Kernel::open(config.kernel, host.options().cache_directory + "/kernels"));
    return check_creatable(config, kernel);
}

} // namespace

std::optional<EndAction> action_for(const EndActions& actions, xen::ShutdownReason reason) {
    switch (reason) {
    case xen::ShutdownReason::poweroff:
        return actions.on_poweroff;
    case xen::ShutdownReason::reboot:
        return actions.on_reboot;
    case xen::ShutdownReason::crash:
        return actions.on_crash;
    case xen::ShutdownReason::watchdog:
        return actions.on_watchdog;
    case xen::ShutdownReason::soft_reset:
        return actions.on_soft_reset;
    case xen::ShutdownReason::suspend:
        return std::nullopt;
    }
    return actions.on_crash;
}

bool restarts(EndAction action) {
    return action == EndAction::restart || action == EndAction::rename_restart ||
           action == EndAction::coredump_restart || action == EndAction::soft_reset;
}

Result<Ended> end_guest(Host& host, const GuestInfo& guest, EndAction action,
                        const std::string& dump_directory) {
    Ended ended;
    ended.claim = TRY(Claim::try_take(host.options().state_directory, Uuid{guest.domain.handle}));
    if (!ended.claim) {
        ended.claimed_by_another = true;
        return ended;
    }
    const auto domain = TRY(host.control().domain_info(guest.domain.id));
    if (!domain || domain->handle != guest.domain.handle || !domain->shutdown || domain->dying) {
        ended.gone = true;
        return ended;
    }
    GuestInfo now = guest;
    now.record = TRY(host.registry().record(guest.domain.id)); // devices may have come and gone
    if (!now.record || now.record->uuid.bytes != domain->handle) {
        ended.gone = true;
        return ended;
    }
    const GuestConfig config = now.record->current_config();
    if (restarts(action))
        TRY(check_restartable(host, config));
    if (action == EndAction::coredump_destroy || action == EndAction::coredump_restart) {
        auto dumped = dump_core(host, now, dump_directory);
        ended.note = dumped ? "its memory is in " + *dumped : dumped.error().story();
    }
    if (action == EndAction::rename_restart)
        TRY(preserve_renamed(host, now));
    else if (action != EndAction::preserve)
        TRY(destroy(host, now));
    if (restarts(action))
        ended.anew = config;
    return ended;
}

} // namespace chaos::daemon
