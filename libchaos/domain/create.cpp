// SPDX-License-Identifier: BSD-3-Clause
// create(): reserve a name and an id, prepare, execute, record, wait.
#include "libchaos/domain/create.hpp"

#include <cerrno>

#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/execute.hpp"
#include "libchaos/domain/load_image.hpp"
#include "libchaos/domain/prepare.hpp"
#include "libchaos/domain/pv_guest.hpp"
#include "libchaos/domain/stages.hpp"
#include "libchaos/image/file.hpp"
#include "libchaos/state/claim.hpp"

namespace chaos {

namespace {

using Clock = std::chrono::steady_clock;

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
    if (watch)
        TRY(check_watchable(flavour, kernel));

    // A guest that dies before it is ready is undone here, whatever its configuration says of its end.
    std::optional<Claim> claim;
    if (watch)
        claim = TRY(Claim::take(host.options().state_directory, uuid, *options.wait_ready, options.stop_fd));

    CreatedGuest created{DomainId{}, uuid, config.name, {}};
    const auto start = Clock::now();
    auto [reservation, shell] =
        TRY(reserve_and_prepare(host, config.name, uuid, flavour, &kernel.headers(), options.stop_fd));
    created.id = reservation.id();
    created.times.prepare_us = microseconds_since(start);

    const auto execute_start = Clock::now();
    StartedGuest guest = TRY(execute(host, std::move(shell), config, kernel,
                                     {options.paused, watch, devices, images, options.stop_fd}));
    created.times.execute_us = microseconds_since(execute_start);
    const auto running = Clock::now();
    TRY(record(reservation, guest, config, uuid, images));
    if (watch) {
        TRY(guest.wait_ready(*options.wait_ready, options.stop_fd));
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
