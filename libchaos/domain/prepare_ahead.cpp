// SPDX-License-Identifier: BSD-3-Clause
// The first phase of the split: a shell, as much of it done as can be without knowing its guest.
#include "libchaos/domain/ahead.hpp"
#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/prepare.hpp"
#include "libchaos/domain/stages.hpp"
#include "libchaos/domain/xenstore_mode.hpp"

namespace chaos {

namespace {

/// What xendevd is told of the vifs before anybody knows whose they are.
std::vector<VifConfig> draw_vifs(const GuestConfig& shape) {
    std::vector<VifConfig> vifs;
    for (const VifConfig& wanted : shape.vifs) {
        VifConfig& vif = vifs.emplace_back();
        vif.bridge = wanted.bridge;
        vif.vlan = wanted.vlan;
        vif.mtu = wanted.mtu;
        vif.rate = wanted.rate;
        vif.mac = random_mac();
    }
    return vifs;
}

Result<void> serve(devices::Client& client, ReadyShell& ready, const GuestConfig& shape, int stop_fd) {
    for (int draws = 1;; ++draws) {
        ready.vifs = draw_vifs(shape);
        const std::vector<VifConfig> nothing_asked(ready.vifs.size());
        auto served = serve_shell(client, ready.shell, ready.vifs, stop_fd);
        if (!served && draws < most_draws &&
            is_about_drawn_address(served.error(), nothing_asked, ready.vifs))
            continue;
        ready.is_served = served.has_value();
        return served;
    }
}

Result<void> load_ahead(Host& host, ReadyShell& ready, const ShellPlan& plan) {
    GuestConfig nobody = plan.shape;
    nobody.command_line.clear();
    if (!nobody.ramdisk.empty())
        ready.ramdisk =
            TRY(FileIdentity::of(nobody.ramdisk)); // before it is read: a change meanwhile will be seen
    ready.kernel = plan.kernel->identity();
    TRY(load(host, ready.shell, nobody, *plan.kernel));
    ready.is_loaded = true;
    return {};
}

/// As a vif of a shell is served, apart from what the guest is free to choose.
bool is_alike(const VifConfig& vif, const VifConfig& shape) {
    return vif.bridge == shape.bridge && vif.vlan == shape.vlan && vif.mtu == shape.mtu &&
           vif.rate == shape.rate && vif.device_name.empty();
}

} // namespace

Result<ReadyShell> prepare_ahead(Host& host, const ShellPlan& plan, int stop_fd) {
    const auto attempt = [&]() -> Result<ReadyShell> {
        TRY(check_stop(stop_fd));
        if (!plan.kernel)
            return Error(ErrorKind::invalid_argument, "nobody said what its guests run");
        const GuestConfig& shape = plan.shape;
        const KernelHeaders& kernel = plan.kernel->headers();
        TRY(check_devices(shape, kernel));
        const bool needs = plan.disks > 0 || needs_device_server(shape);
        devices::Client* const client = TRY(needs ? host.needed_devices() : host.devices());
        const Flavour flavour = flavour_of(shape, kernel, client != nullptr, plan.disks);
        const bool hot = plan.hot && flavour.type == GuestType::pvh;
        // The pages of a kernel that is loaded now need not stay mapped.
        auto [reservation, shell] =
            TRY(reserve_and_prepare(host, {}, Uuid::random(), flavour, hot ? nullptr : &kernel, stop_fd));
        ReadyShell ready{std::move(reservation), std::move(shell)};
        ready.shell.grants = {};
        trim_paging_pool(host, ready.shell);
        if (hot)
            TRY(load_ahead(host, ready, plan));
        if (flavour.xenstore) {
            ready.vifs = draw_vifs(shape);
            TRY(xenstore_prepare(host, ready.shell, ready.vifs));
        } else if (client && flavour.platform == Platform::noxs)
            TRY(serve(*client, ready, shape, stop_fd));
        TRY(check_stop(stop_fd));
        return ready;
    };
    return attempt().while_doing("preparing a shell");
}

Result<void> watch_ahead(Host& host, ReadyShell& shell) {
    if (shell.shell.system)
        shell.watch =
            TRY(WatchPort::bind(host, shell.id(), shell.shell.system->port).while_doing("watching a shell"));
    return {};
}

bool suits(const ShellPlan& plan, const GuestConfig& config, const Kernel& kernel, bool device_server) {
    if (!plan.kernel || config.vifs.size() != plan.shape.vifs.size() || config.disks.size() != plan.disks)
        return false;
    for (std::size_t index = 0; index < config.vifs.size(); ++index)
        if (!is_alike(config.vifs[index], plan.shape.vifs[index]))
            return false;
    const bool same_files = kernel.path() == plan.kernel->path() &&
                            kernel.identity() == plan.kernel->identity() &&
                            config.ramdisk == plan.shape.ramdisk;
    if (plan.hot && !same_files)
        return false;
    return flavour_of(config, kernel.headers(), device_server) ==
           flavour_of(plan.shape, plan.kernel->headers(), device_server, plan.disks);
}

Result<bool> is_up_to_date(const ReadyShell& shell, const ShellPlan& plan) {
    if (!shell.is_loaded)
        return true;
    if (TRY(FileIdentity::of(plan.kernel->path())) != shell.kernel)
        return false;
    return !shell.ramdisk || TRY(FileIdentity::of(plan.shape.ramdisk)) == *shell.ramdisk;
}

Result<void> verify(Host& host, const ReadyShell& shell) {
    const std::string naming = "shell " + std::to_string(raw(shell.id()));
    const auto info = TRY(host.control().domain_info(shell.id()).while_doing("looking at " + naming));
    if (!info || info->dying || info->handle != shell.shell.uuid.bytes)
        return Error(ErrorKind::not_found, naming + " was destroyed");
    if (!info->paused || info->shutdown || info->cpu_time_ns != 0)
        return Error(ErrorKind::guest_failed, naming + " does not wait any more: somebody let it run");
    return {};
}

void ReadyShell::move_to(Host& host) {
    reservation.move_to(host.registry());
    shell.domain.move_to(host.control());
    shell.pages.move_to(host.memory());
    shell.registration.move_to(host);
    if (!shell.backends.is_set())
        return;
    // A xendevd that does not run forgets the domain by itself, once it does.
    if (auto client = host.devices(); client && *client)
        shell.backends.move_to(**client);
    else
        shell.backends.release();
}

} // namespace chaos
