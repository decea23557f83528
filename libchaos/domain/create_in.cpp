// SPDX-License-Identifier: BSD-3-Clause
// The second phase of the split: everything that stands between a request and its guest, so nothing that could have been
// done before. In this order: what others may refuse, what xendevd does while we go on, go, record.
#include "libchaos/domain/ahead.hpp"
#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/prepare.hpp"
#include "libchaos/domain/stages.hpp"
#include "libchaos/domain/xenstore_mode.hpp"

namespace chaos {

namespace {

using Clock = std::chrono::steady_clock;

/// The addresses that were drawn for the vifs that did not ask for one; drawn now if nobody was told of any.
void complete_addresses(GuestConfig& config, const ReadyShell& ready) {
    for (std::size_t index = 0; index < config.vifs.size() && index < ready.vifs.size(); ++index)
        if (!config.vifs[index].mac)
            config.vifs[index].mac = ready.vifs[index].mac;
    complete_vifs(config);
}

/// The domain is found by its intent throughout, whoever is killed when.
Result<void> change_uuid(Host& host, ReadyShell& ready, const Uuid& uuid) {
    TRY(ready.reservation.announce_uuid(ready.shell.uuid, uuid));
    return host.control().set_handle(ready.id(), uuid.bytes);
}

Result<RunningGuest> run(Host& host, ReadyShell ready, const GuestConfig& config, const Kernel& kernel,
                         const CreateOptions& options) {
    const auto start_time = Clock::now();
    TRY(check_stop(options.stop_fd));
    const bool watch = options.wait_ready && !options.paused;
    if (watch)
        TRY(check_watchable(ready.shell.flavour, kernel));
    const auto images = TRY(devices::open_images(config.disks, devices::ImageLock::hold));
    devices::Client* const client =
        TRY(ready.is_served || needs_device_server(config) ? host.needed_devices() : host.devices());

    TRY(claim(host, ready.reservation, config.name));
    const Uuid uuid = config.uuid.value_or(ready.shell.uuid);
    const bool is_other_uuid = uuid != ready.shell.uuid;
    if (is_other_uuid)
        TRY(change_uuid(host, ready, uuid));
    if (ready.is_loaded)
        TRY(set_command_line(ready.shell, config.command_line));
    else
        TRY(load(host, ready.shell, config, kernel));
    // What xendevd may refuse is a reason to undo the guest, so it need not be waited for before the guest runs: xendevd
    // does not look at its devices before it knows whose they are.
    if (ready.is_served)
        TRY(begin_settling(*client, ready.shell, ready.vifs, config,
                           is_other_uuid ? std::optional(uuid) : std::nullopt, images));
    if (is_other_uuid && ready.shell.registration.is_set())
        TRY(xenstore_change_uuid(host, ready.shell, uuid));
    ready.shell.uuid = uuid;
    if (ready.shell.flavour.xenstore)
        TRY(xenstore_execute(host, ready.shell, config, images, options.stop_fd));
    else if (client && !ready.is_served)
        TRY(serve_devices(*client, ready.shell, config, images, options.stop_fd));

    const DomainId id = ready.id();
    StartedGuest guest =
        TRY(start(host, std::move(ready.shell), options.paused, watch, std::move(ready.watch)));
    TRY(record(ready.reservation, guest, config, uuid, images));
    if (ready.is_served)
        TRY(client->settled(options.stop_fd).while_doing("settling its devices"));
    return RunningGuest{std::move(guest),
                        CreatedGuest{id, uuid, config.name, {0, microseconds_since(start_time), 0}}};
}

} // namespace

Result<RunningGuest> create_in(Host& host, ReadyShell shell, const GuestConfig& config, const Kernel& kernel,
                               const CreateOptions& options) {
    const auto attempt = [&]() -> Result<RunningGuest> {
        if (config.vifs.empty())
            return run(host, std::move(shell), config, kernel, options);
        GuestConfig complete = config;
        complete_addresses(complete, shell);
        return run(host, std::move(shell), complete, kernel, options);
    };
    return attempt().while_doing("creating guest " + config.name);
}

} // namespace chaos
