// SPDX-License-Identifier: BSD-3-Clause
// The first and the last steps of a creation.
#include "libchaos/domain/stages.hpp"

#include <cerrno>
#include <chrono>

#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/prepare.hpp"
#include "libchaos/domain/reconcile.hpp"

namespace chaos {

namespace {

/// An id, and a name if there is one; a name held by a guest that is gone is freed first.
Result<Reservation> reserve(Host& host, const std::string& name, const Uuid& uuid) {
    if (name.empty())
        return host.registry().reserve_shell(uuid);
    auto reservation = host.registry().reserve(name, uuid);
    if (reservation || reservation.error().kind() != ErrorKind::name_taken)
        return reservation;
    if (!TRY(forget_if_gone(host, name)))
        return reservation;
    return host.registry().reserve(name, uuid);
}

GuestRecord record_of(const Shell& shell, const GuestConfig& config, const Uuid& uuid,
                      std::span<const devices::OpenImage> images) {
    GuestRecord record;
    record.id = shell.domain.id();
    record.uuid = uuid;
    record.config = config;
    record.config.vifs.clear();
    record.config.disks.clear();
    record.created_unix_ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
    record.system = shell.system;
    record.console = shell.console;
    record_devices(record, shell, config, images);
    return record;
}

} // namespace

Result<Reserved> reserve_and_prepare(Host& host, const std::string& name, const Uuid& uuid,
                                     const Flavour& flavour, const KernelHeaders* kernel, int stop_fd) {
    constexpr int attempts = 64;
    for (int attempt = 1;; ++attempt) {
        Reservation reservation = TRY(reserve(host, name, uuid));
        auto shell = prepare(host, reservation.id(), uuid, flavour, kernel, stop_fd);
        if (shell)
            return Reserved{std::move(reservation), std::move(*shell)};
        if (shell.error().system_errno() != EEXIST || attempt == attempts)
            return std::move(shell).error();
    }
}

std::uint64_t microseconds_since(std::chrono::steady_clock::time_point start) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start)
            .count());
}

Result<void> claim(Host& host, Reservation& reservation, const std::string& name) {
    auto claimed = reservation.claim(name);
    if (claimed || claimed.error().kind() != ErrorKind::name_taken)
        return claimed;
    if (!TRY(forget_if_gone(host, name)))
        return claimed;
    return reservation.claim(name);
}

Result<void> check_watchable(const Flavour& flavour, const Kernel& kernel) {
    if (flavour.platform == Platform::noxs)
        return {};
    return Error(ErrorKind::invalid_argument,
                 "kernel " + kernel.path() + " does not speak noxs, so it cannot say ready")
        .advise("Create it without waiting.");
}

Result<void> record(Reservation& reservation, StartedGuest& guest, const GuestConfig& config,
                    const Uuid& uuid, std::span<const devices::OpenImage> images) {
    TRY(reservation.commit(record_of(guest.shell(), config, uuid, images)));
    guest.recorded(uuid);
    return {};
}

} // namespace chaos
