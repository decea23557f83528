// SPDX-License-Identifier: BSD-3-Clause
// Pausing, stopping, restarting, renaming and destroying guests.
#include "libchaos/domain/lifecycle.hpp"

#include <poll.h>

#include <array>
#include <cerrno>

#include "libchaos/domain/binding.hpp"
#include "libchaos/domain/device_page.hpp"
#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/reconcile.hpp"
#include "libchaos/domain/registered_devices.hpp"
#include "libchaos/domain/wait_event.hpp"
#include "libchaos/domain/xenstore_mode.hpp"
#include "libchaos/xenstore/guest_keys.hpp"
#include "noxs/noxs.h"

namespace chaos {

namespace {

constexpr std::chrono::milliseconds look_every{20};

std::string naming(std::string_view doing, const GuestInfo& guest) {
    return std::string(doing) + " guest " + guest.name();
}

std::uint32_t request_number(PowerRequest request) {
    switch (request) {
    case PowerRequest::poweroff:
        return NOXS_REQUEST_POWEROFF;
    case PowerRequest::reboot:
        return NOXS_REQUEST_REBOOT;
    case PowerRequest::crash:
        return NOXS_REQUEST_CRASH;
    }
    return NOXS_REQUEST_NONE;
}

bool is_registered(const GuestInfo& guest) {
    return guest.record && chaos::is_registered(*guest.record);
}

/// A stock kernel that has a store is asked there; it says nothing in return.
Result<void> ask_through_store(Host& host, const GuestInfo& guest, PowerRequest request) {
    if (request == PowerRequest::crash)
        return Error(ErrorKind::guest_failed, "its kernel knows no such request")
            .advise("`chaos destroy` ends it without asking.");
    if (is_registered(guest)) {
        xenstore::Batch batch;
        batch.write(xenstore::domain_path(guest.domain.id) + "/control/shutdown",
                    request == PowerRequest::reboot ? "reboot" : "poweroff");
        return host.xenstored().carry_out(batch);
    }
    auto* client = TRY(host.needed_devices());
    return client->shutdown(guest.domain.id, request == PowerRequest::reboot
                                                 ? devices::ShutdownAction::reboot
                                                 : devices::ShutdownAction::poweroff);
}

Result<void> send_request(Host& host, const GuestInfo& guest, PowerRequest request,
                          std::chrono::milliseconds timeout, int stop_fd) {
    if (guest.domain.shutdown)
        return Error(ErrorKind::guest_failed,
                     std::string("it ") + describe(guest.domain.shutdown_reason) + " already")
            .advise("`chaos destroy` removes a guest that has stopped.");
    if (guest.record && guest.record->store && !guest.record->system)
        return ask_through_store(host, guest, request);
    if (!guest.record || !guest.record->system)
        return Error(ErrorKind::guest_failed,
                     "its kernel does not speak noxs and it has no store, so it cannot be asked")
            .advise("`chaos destroy` ends it without asking.");
    const DeviceLocation& system = *guest.record->system;
    const DomainId id = guest.domain.id;
    const std::array<std::uint64_t, 1> gfns{system.frame.number};
    const xen::Mapping mapping = TRY(host.memory().map(id, gfns));
    auto* events = TRY(host.events());
    const Binding binding = TRY(Binding::make(*events, id, system.port));

    const std::uint32_t sequence = write_system_request(mapping.data(), request_number(request));
    TRY(binding.notify());
    SystemReport report;
    auto waited = wait_event(host, id, timeout, stop_fd, [&] {
        report = read_system_page(mapping.data(), sequence);
        return report.answered;
    });
    // A guest may answer and stop faster than we look: having stopped is as good as an answer.
    if (!waited && waited.error().kind() == ErrorKind::guest_failed && !report.answered)
        return {};
    TRY(std::move(waited));
    if (!report.accepted)
        return Error(ErrorKind::guest_failed, "the guest refused");
    return {};
}

} // namespace

Result<void> pause(Host& host, const GuestInfo& guest) {
    return host.control().pause(guest.domain.id).while_doing(naming("pausing", guest));
}

Result<void> unpause(Host& host, const GuestInfo& guest) {
    return host.control().unpause(guest.domain.id).while_doing(naming("unpausing", guest));
}

Result<void> destroy(Host& host, const GuestInfo& guest) {
    // Whoever waited for the guest's end may come late: its id may belong to another domain by now.
    const auto domain = host.control().domain_info(guest.domain.id);
    if (!domain)
        return Error(domain.error()).while_doing(naming("destroying", guest));
    if (*domain && (*domain)->handle == guest.domain.handle) {
        // What xendevd maps would keep the domain as a zombie. One that cannot be reached lets go by itself later.
        if (auto devices = host.devices(); devices && *devices)
            (void)(*devices)->forget(guest.domain.id);
        if (is_registered(guest))
            TRY(end_registered(host, guest.domain.id, guest.record->uuid, Ending::with_domain)
                    .while_doing(naming("destroying", guest)));
        auto destroyed = host.control().destroy(guest.domain.id);
        if (!destroyed && destroyed.error().system_errno() != ESRCH)
            return std::move(destroyed).while_doing(naming("destroying", guest));
    }
    return host.registry()
        .remove(guest.domain.id, Uuid{guest.domain.handle})
        .while_doing(naming("forgetting", guest));
}

Result<void> rename(Host& host, const GuestInfo& guest, std::string_view new_name) {
    auto renamed = host.registry().rename(guest.domain.id, new_name);
    if (!renamed && renamed.error().kind() == ErrorKind::name_taken && TRY(forget_if_gone(host, new_name)))
        renamed = host.registry().rename(guest.domain.id, new_name);
    if (renamed && is_registered(guest)) {
        xenstore::Batch batch;
        xenstore::add_name(batch, guest.domain.id, guest.record->uuid, new_name);
        renamed = host.xenstored().carry_out(batch);
    }
    return std::move(renamed).while_doing(naming("renaming", guest));
}

Result<void> request_power(Host& host, const GuestInfo& guest, PowerRequest request,
                           std::chrono::milliseconds timeout, int stop_fd) {
    const char* doing = request == PowerRequest::poweroff ? "shutting down"
                        : request == PowerRequest::reboot ? "rebooting"
                                                          : "crashing";
    return send_request(host, guest, request, timeout, stop_fd).while_doing(naming(doing, guest));
}

Result<xen::ShutdownReason> wait_for_shutdown(Host& host, const GuestInfo& guest,
                                              std::chrono::milliseconds timeout, int stop_fd) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + timeout;
    while (true) {
        const auto info = TRY(host.control().domain_info(guest.domain.id));
        if (!info || info->handle != guest.domain.handle || info->dying)
            return xen::ShutdownReason::poweroff;
        if (info->shutdown)
            return info->shutdown_reason;
        if (Clock::now() >= deadline)
            return Error(ErrorKind::timed_out, naming("waiting for", guest) +
                                                   " to stop: still running after " +
                                                   std::to_string(timeout.count()) + " ms");
        pollfd stop{stop_fd, POLLIN, 0}; // a descriptor of -1 makes this a plain sleep
        if (::poll(&stop, 1, static_cast<int>(look_every.count())) > 0)
            return Error(ErrorKind::interrupted, "interrupted");
    }
}

Result<CreatedGuest> restart(Host& host, const GuestInfo& guest, const CreateOptions& options) {
    if (!guest.record)
        return Error(ErrorKind::not_found, "the guest has no record");
    const GuestConfig config = guest.record->current_config();
    // Everything that can fail without touching the guest is tried while there still is one.
    const Kernel kernel = TRY(Kernel::open(config.kernel, host.options().cache_directory + "/kernels"));
    TRY(check_creatable(config, kernel));
    if (needs_device_server(config))
        TRY(host.needed_devices());
    TRY(destroy(host, guest));
    return create(host, config, kernel, options);
}

} // namespace chaos
