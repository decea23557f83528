// SPDX-License-Identifier: BSD-3-Clause
// create(): reserve a name and an id, prepare, execute, record, wait.
#include "libchaos/domain/create.hpp"

#include <cerrno>

#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/execute.hpp"
#include "libchaos/domain/load_image.hpp"
#include "libchaos/domain/prepare.hpp"
#include "libchaos/domain/pv_guest.hpp"
#include "libchaos/domain/reconcile.hpp"
#include "libchaos/image/file.hpp"

namespace chaos {

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t microseconds_since(Clock::time_point start) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count());
}

/// A name and an id; a name held by a guest that is gone is freed first.
Result<Reservation> reserve(Host& host, const std::string& name, const Uuid& uuid) {
    auto reservation = host.registry().reserve(name, uuid);
    if (reservation || reservation.error().kind() != ErrorKind::name_taken)
        return reservation;
    if (!TRY(forget_if_gone(host, name)))
        return reservation;
    return host.registry().reserve(name, uuid);
}

struct Reserved {
    Reservation reservation;
    Shell shell;
};

/// Ids of the registry can be in use by domains of other toolstacks: then the next one is tried.
Result<Reserved> reserve_and_prepare(Host& host, const GuestConfig& config, const Uuid& uuid,
                                     const Flavour& flavour, const KernelHeaders& kernel, int stop_fd) {
    constexpr int attempts = 64;
    for (int attempt = 1;; ++attempt) {
        Reservation reservation = TRY(reserve(host, config.name, uuid));
        auto shell = prepare(host, reservation.id(), uuid, flavour, &kernel, stop_fd);
        if (shell)
            return Reserved{std::move(reservation), std::move(*shell)};
        if (shell.error().system_errno() != EEXIST || attempt == attempts)
            return std::move(shell).error();
    }
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

Result<CreatedGuest> create_unnamed(Host& host, const GuestConfig& config, const Kernel& kernel,
                                    const CreateOptions& options) {
    TRY(check_stop(options.stop_fd));
    const Uuid uuid = config.uuid.value_or(Uuid::random());
    TRY(check_devices(config, kernel.headers()));
    devices::Client* const devices =
        TRY(needs_device_server(config) ? host.needed_devices() : host.devices());
    const auto images = TRY(devices::open_images(config.disks, devices::ImageLock::hold));
    const Flavour flavour = flavour_of(config, kernel.headers(), devices != nullptr);
    const bool watch = options.wait_ready && !options.paused;
    if (watch && flavour.platform != Platform::noxs)
        return Error(ErrorKind::invalid_argument,
                     "kernel " + kernel.path() + " does not speak noxs, so it cannot say ready")
            .advise("Create it without waiting.");

    CreatedGuest created{DomainId{}, uuid, config.name, {}};
    const auto start = Clock::now();
    auto [reservation, shell] =
        TRY(reserve_and_prepare(host, config, uuid, flavour, kernel.headers(), options.stop_fd));
    created.id = reservation.id();
    created.times.prepare_us = microseconds_since(start);

    const auto execute_start = Clock::now();
    StartedGuest guest = TRY(execute(host, std::move(shell), config, kernel,
                                     {options.paused, watch, devices, images, options.stop_fd}));
    created.times.execute_us = microseconds_since(execute_start);
    const auto running = Clock::now();
    TRY(reservation.commit(record_of(guest.shell(), config, uuid, images)));
    if (watch) {
        if (auto ready = guest.wait_ready(*options.wait_ready, options.stop_fd); !ready) {
            // The domain goes before its record does: killed in between, we leave a record that tidies
            // itself.
            { const StartedGuest gone = std::move(guest); }
            (void)host.registry().remove(created.id, uuid); // the story to tell is the guest's
            return std::move(ready).error();
        }
        created.times.ready_us = microseconds_since(running);
    }
    trim_paging_pool(host, guest.shell()); // not earlier: the guest was on its way already
    guest.keep();
    return created;
}

} // namespace

Result<void> check_creatable(const GuestConfig& config, const Kernel& kernel) {
    const KernelHeaders& headers = kernel.headers();
    TRY(check_devices(config, headers));
    TRY(devices::open_images(config.disks, devices::ImageLock::none));
    if (config.type == GuestType::pv)
        return check_pv(config, kernel);
    if (!headers.pvh_entry)
        return Error(ErrorKind::invalid_image, "kernel " + kernel.path() + " has no PVH entry note")
            .advise("Use a kernel built with PVH support, or type=\"pv\" if it has Xen PV support.");
    std::uint64_t ramdisk_size = 0;
    if (!config.ramdisk.empty())
        ramdisk_size = static_cast<std::uint64_t>(
            TRY(open_regular_file(config.ramdisk).while_doing("opening ramdisk " + config.ramdisk))
                .status.st_size);
    const Flavour flavour = flavour_of(config, headers);
    return check_image_fits(headers, ramdisk_size,
                            MemoryLayout(config.memory_kib, flavour.vifs + flavour.vbds))
        .while_doing("kernel " + kernel.path());
}

Result<CreatedGuest> create(Host& host, const GuestConfig& config, const Kernel& kernel,
                            const CreateOptions& options) {
    const auto attempt = [&]() -> Result<CreatedGuest> {
        if (config.vifs.empty())
            return create_unnamed(host, config, kernel, options);
        for (int draws = 1;; ++draws) {
            GuestConfig complete = config;
            complete_vifs(complete);
            auto created = create_unnamed(host, complete, kernel, options);
            if (created || draws == most_draws ||
                !is_about_drawn_address(created.error(), config.vifs, complete.vifs))
                return created;
        }
    };
    return attempt().while_doing("creating guest " + config.name);
}

} // namespace chaos
