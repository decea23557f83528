// SPDX-License-Identifier: BSD-3-Clause
// What is done to guests that exist: each on a thread that may wait.
#include "chaos/daemon/engine.hpp"

#include "libchaos/domain/attach.hpp"
#include "libchaos/domain/claimed.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::daemon {

template<typename T>
void Engine::with_guest(WorkThreads& threads, std::string guest,
                        std::function<Result<T>(Host&, const GuestInfo&)> deed, Done<T> done) {
    threads.ask<T>(
        [guest = std::move(guest), deed = std::move(deed)](Host& host) -> Result<T> {
            const GuestInfo found = TRY(chaos::find(host, guest));
            return deed(host, found);
        },
        std::move(done));
}

void Engine::list(Done<std::vector<GuestInfo>> done) {
    workers_.ask<std::vector<GuestInfo>>([](Host& host) { return chaos::list(host); }, std::move(done));
}

void Engine::find(std::string guest, Done<GuestInfo> done) {
    workers_.ask<GuestInfo>([guest = std::move(guest)](Host& host) { return chaos::find(host, guest); },
                            std::move(done));
}

namespace {

bool deserves_force(const Error& error) {
    return error.kind() == ErrorKind::timed_out || error.kind() == ErrorKind::guest_failed;
}

/// Asks it and waits until it has stopped.
Result<void> stop(Host& host, const GuestInfo& guest, PowerRequest request, std::chrono::milliseconds timeout,
                  int stop_fd) {
    if (guest.domain.shutdown)
        return {};
    TRY(request_power(host, guest, request, timeout, stop_fd));
    if (TRY(wait_for_shutdown(host, guest, timeout, stop_fd)) == xen::ShutdownReason::crash)
        return Error(ErrorKind::guest_failed, "guest " + guest.name() + " crashed instead of stopping");
    return {};
}

/// For whoever is about to shut the guest down or to make it anew.
constexpr std::chrono::milliseconds patience{60'000};

struct ActOptions {
    bool force = false;
    std::chrono::milliseconds timeout{}; ///< for the guest
    std::chrono::milliseconds for_claim{};
    int stop_fd = -1;
};

Result<void> act_on(Host& host, const GuestInfo& guest, Action action, const ActOptions& options) {
    switch (action) {
    case Action::pause:
        return pause(host, guest);
    case Action::unpause:
        return unpause(host, guest);
    case Action::destroy:
        return destroy_claimed(host, guest, options.for_claim, options.stop_fd);
    case Action::shutdown:
    case Action::reboot:
        break;
    }
    const bool reboots = action == Action::reboot;
    const ClaimedGuest claimed = TRY(claim(host, guest, options.for_claim, options.stop_fd));
    if (reboots && claimed.made_anew)
        return {};
    auto stopped = stop(host, claimed.guest, reboots ? PowerRequest::reboot : PowerRequest::poweroff,
                        options.timeout, options.stop_fd);
    if (!stopped && !(options.force && deserves_force(stopped.error())))
        return stopped;
    if (!reboots)
        return destroy(host, claimed.guest);
    TRY(restart(host, claimed.guest, {.paused = false, .wait_ready = {}, .stop_fd = options.stop_fd}));
    return {};
}

} // namespace

void Engine::act(std::string guest, Action action, bool force, std::chrono::milliseconds timeout,
                 Done<void> done) {
    const bool waits = action == Action::shutdown || action == Action::reboot;
    const auto ask = [this, guest, action, force,
                      timeout](WorkThreads& threads, std::chrono::milliseconds for_claim, Done<void> then) {
        with_guest<void>(
            threads, guest,
            [=, stop_fd = threads.stop_fd()](Host& host, const GuestInfo& found) {
                return act_on(host, found, action, {force, timeout, for_claim, stop_fd});
            },
            std::move(then));
    };
    if (waits)
        return ask(waiters_, patience, std::move(done));
    // A guest that somebody else is at is waited for, but not by those who have other things to do.
    ask(workers_, std::chrono::milliseconds(0),
        [this, ask, action, done = std::move(done)](Result<void> acted) {
            const bool claimed =
                !acted && action == Action::destroy && acted.error().kind() == ErrorKind::timed_out;
            if (claimed)
                ask(waiters_, patience, done);
            else
                done(std::move(acted));
        });
}

void Engine::attach_vif(std::string guest, VifConfig vif, Done<std::uint32_t> done) {
    with_guest<std::uint32_t>(
        workers_, std::move(guest),
        [vif = std::move(vif)](Host& host, const GuestInfo& found) -> Result<std::uint32_t> {
            return std::uint32_t{TRY(chaos::attach_vif(host, found, vif)).id};
        },
        std::move(done));
}

void Engine::attach_disk(std::string guest, DiskConfig disk, Done<std::uint32_t> done) {
    with_guest<std::uint32_t>(
        workers_, std::move(guest),
        [disk = std::move(disk)](Host& host, const GuestInfo& found) -> Result<std::uint32_t> {
            return TRY(chaos::attach_disk(host, found, disk)).id;
        },
        std::move(done));
}

void Engine::detach(std::string guest, devices::DeviceType type, std::string device, bool force,
                    Done<void> done) {
    with_guest<void>(
        waiters_, std::move(guest),
        [type, device = std::move(device), force,
         stop_fd = waiters_.stop_fd()](Host& host, const GuestInfo& found) -> Result<void> {
            if (!found.record)
                return Error(ErrorKind::not_found, "the guest has no devices of chaos");
            const std::uint32_t id = TRY(type == devices::DeviceType::vif ? find_vif(*found.record, device)
                                                                          : find_disk(*found.record, device));
            DetachOptions options;
            options.force = force;
            options.stop_fd = stop_fd;
            return chaos::detach(host, found, type, id, options);
        },
        std::move(done));
}

void Engine::devices(std::string guest, Done<std::vector<devices::GuestStatus>> done) {
    using Statuses = std::vector<devices::GuestStatus>;
    workers_.ask<Statuses>(
        [guest = std::move(guest)](Host& host) -> Result<Statuses> {
            auto* client = TRY(host.needed_devices());
            if (guest.empty())
                return client->list();
            return client->list(TRY(chaos::find(host, guest)).domain.id);
        },
        std::move(done));
}

} // namespace chaos::daemon
