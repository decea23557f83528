// SPDX-License-Identifier: BSD-3-Clause
// The two phases of a registration, and its end.
#include "libchaos/domain/xenstore_mode.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "libchaos/domain/registration_guard.hpp"
#include "libchaos/xenstore/guest_keys.hpp"

namespace chaos {

namespace {

using namespace xenstore;
using Clock = std::chrono::steady_clock;

/// For a back-end to come up or go: what libxl gives a hotplug script (LIBXL_HOTPLUG_TIMEOUT in libxl_internal.h).
constexpr std::chrono::seconds patience{40};

DeviceAddress vif_of(const Shell& shell, std::size_t index) {
    return {shell.domain.id(), "vif", static_cast<std::uint32_t>(index)};
}

std::string sys_path(Host& host, const DeviceAddress& device) {
    return host.options().kernel_back_ends + "/devices/" + device.name();
}

/// Looks every millisecond whether `path` exists, or does not any more. False if the time was up.
Result<bool> wait_for_path(const std::string& path, bool exists, int stop_fd) {
    const auto deadline = Clock::now() + patience;
    while ((::access(path.c_str(), F_OK) == 0) != exists) {
        if (Clock::now() >= deadline)
            return false;
        pollfd stop{stop_fd, POLLIN, 0}; // a descriptor of -1 makes this a plain sleep
        if (::poll(&stop, 1, 1) > 0)
            return Error(ErrorKind::interrupted, "interrupted");
    }
    return true;
}

/// The state of a vif's connection: whether there is one yet.
Result<bool> is_connected(Host& host, const DeviceAddress& vif, const Connection::Answer& status) {
    if (status == "connected")
        return true;
    if (status != "error")
        return false;
    const auto reason = TRY(host.xenstored().read(vif.back_end() + "/hotplug-error"));
    return Error(ErrorKind::system, reason.value_or("xendevd could not connect " + vif.name()));
}

/// The devices that libxl's part of the store has of a guest, by whomever they were attached.
std::vector<DeviceAddress> devices_in(DomainId domain, const Connection::Answer& vifs,
                                      const Connection::Answer& disks) {
    std::vector<DeviceAddress> devices;
    const auto add = [&](const char* type, std::string_view names) {
        while (!names.empty()) {
            const std::size_t end = std::min(names.find('\0'), names.size());
            std::uint64_t id = 0;
            for (const char digit : names.substr(0, end))
                id = id * 10 + static_cast<std::uint64_t>(digit - '0');
            devices.push_back({domain, type, static_cast<std::uint32_t>(id)});
            names.remove_prefix(std::min(end + 1, names.size()));
        }
    };
    add("vif", vifs.value_or(""));
    add("vbd", disks.value_or(""));
    return devices;
}

} // namespace

Result<void> check_kernel_back_end(Host& host, const char* type) {
    const std::string driver = host.options().kernel_back_ends + "/drivers/" + type;
    if (::access(driver.c_str(), F_OK) == 0)
        return {};
    const std::string module = std::string(type) == "vif" ? "xen-netback" : "xen-blkback";
    return Error(ErrorKind::not_found, "the host's kernel has no back-end for a " + std::string(type))
        .advise("Load it with `modprobe " + module + "`.");
}

Result<void> xenstore_prepare(Host& host, Shell& shell, std::span<const VifConfig> vifs) {
    TRY(host.xenstored().connect());
    if (!vifs.empty())
        TRY(check_kernel_back_end(host, "vif"));
    const DomainId id = shell.domain.id();
    Batch batch;
    add_guest(batch, {id, shell.uuid, shell.flavour.type, shell.flavour.memory_kib, shell.flavour.vcpus});
    if (shell.console && shell.store) // else it is a PV guest, whose pages are not there yet
        add_rings(batch, id, *shell.console, *shell.store);
    shell.registered_vifs.assign(vifs.begin(), vifs.end());
    for (std::size_t index = 0; index < vifs.size(); ++index)
        add_vif(batch, vif_of(shell, index), vifs[index]);
    shell.registration = RegistrationGuard(host, id, shell.uuid);
    return host.xenstored().carry_out(batch).while_doing("registering it with xenstored");
}

Result<void> xenstore_change_uuid(Host& host, Shell& shell, const Uuid& uuid) {
    const DomainId id = shell.domain.id();
    Batch batch;
    remove_vm(batch, shell.uuid);
    add_vm(batch, id, uuid);
    shell.registration.change_uuid(uuid); // before: what was half done is found by either
    return host.xenstored().carry_out(batch).while_doing("changing its UUID in xenstored");
}

Result<void> xenstore_execute(Host& host, Shell& shell, const GuestConfig& config,
                              std::span<const devices::OpenImage> images, int stop_fd) {
    const DomainId id = shell.domain.id();
    if (shell.registered_vifs.size() != config.vifs.size() || images.size() != config.disks.size())
        return Error(ErrorKind::invalid_argument, "the shell was prepared for other devices");
    if (!config.disks.empty())
        TRY(check_kernel_back_end(host, "vbd"));
    Batch batch;
    add_name(batch, id, shell.uuid, config.name);
    if (shell.flavour.type == GuestType::pv) {
        add_image(batch, shell.uuid, config);
        add_rings(batch, id, *shell.console, *shell.store);
    }
    for (std::size_t index = 0; index < config.vifs.size(); ++index)
        if (config.vifs[index].mac != shell.registered_vifs[index].mac)
            change_mac(batch, vif_of(shell, index), *config.vifs[index].mac);
    std::vector<DeviceAddress> disks;
    std::vector<BlockDevice> block_devices; // closed when the back-end has them open
    for (std::size_t index = 0; index < config.disks.size(); ++index) {
        const DiskConfig& disk = config.disks[index];
        disks.push_back({id, "vbd", TRY(virtual_device_number(disk.device_name))});
        block_devices.push_back(TRY(block_device_of(images[index], disk, host.options().loop_control)));
        add_disk(batch, disks.back(), disk, images[index].path, block_devices.back(), config.type);
    }
    // Of a shell that was made ahead they are connected long since, and this is all there is to do.
    for (std::size_t index = 0; index < config.vifs.size(); ++index)
        batch.read(vif_of(shell, index).back_end() + "/hotplug-status");
    const auto answers = TRY(host.xenstored().ask(batch).while_doing("registering it with xenstored"));
    for (std::size_t index = 0; index < config.vifs.size(); ++index) {
        const DeviceAddress vif = vif_of(shell, index);
        if (!TRY(is_connected(host, vif, answers[answers.size() - config.vifs.size() + index])))
            TRY(wait_for_vif(host, vif, stop_fd));
    }
    for (const DeviceAddress& disk : disks)
        TRY(wait_for_disk(host, disk, stop_fd));
    return {};
}

Result<void> wait_for_vif(Host& host, const DeviceAddress& vif, int stop_fd) {
    auto waited = host.xenstored().wait_for(
        vif.back_end() + "/hotplug-status", patience, stop_fd,
        [&](const Connection::Answer& status) { return is_connected(host, vif, status); });
    if (!waited && waited.error().kind() == ErrorKind::timed_out)
        return Error(ErrorKind::timed_out, "nobody connects " + vif.name() + " to its bridge")
            .advise("xendevd does that, if it was started after xenstored; its log may tell more.");
    return waited;
}

Result<void> wait_for_disk(Host& host, const DeviceAddress& disk, int stop_fd) {
    if (TRY(wait_for_path(sys_path(host, disk) + "/physical_device", true, stop_fd)))
        return {};
    return Error(ErrorKind::timed_out, "the kernel does not take up " + disk.name())
        .advise("`dmesg` may tell why.");
}

Result<void> wait_until_gone(Host& host, const DeviceAddress& device) {
    if (TRY(wait_for_path(sys_path(host, device), false, -1)))
        return {};
    return Error(ErrorKind::timed_out, "the kernel does not let go of " + device.name())
        .advise("`dmesg` may tell why; try again.");
}

Result<void> end_registered(Host& host, DomainId domain, const Uuid& uuid, Ending ending) {
    const auto attempt = [&]() -> Result<void> {
        Connection& xenstored = host.xenstored();
        Batch look;
        look.read(owner_key(domain));
        look.list(libxl_path(domain) + "/device/vif");
        look.list(libxl_path(domain) + "/device/vbd");
        const auto answers = TRY(xenstored.ask(look));
        const bool is_half_made = ending == Ending::half_made;
        const bool is_its = answers[0] == vm_path(uuid) || is_half_made;
        std::vector<DeviceAddress> devices;
        if (is_its) {
            devices = devices_in(domain, answers[1], answers[2]);
            Batch close;
            for (const DeviceAddress& device : devices)
                close.write(device.back_end() + "/online", "0");
            remove_front_ends(close, domain);
            TRY(xenstored.carry_out(close));
        }
        if (ending != Ending::without_domain) {
            auto destroyed = host.control().destroy(domain);
            if (!destroyed && destroyed.error().system_errno() != ESRCH)
                return destroyed;
        }
        if (!is_its)
            return {};
        // What a back-end writes after its directory was removed would make it anew.
        for (const DeviceAddress& device : devices)
            TRY(wait_until_gone(host, device));
        Batch rest;
        remove_vm(rest, uuid);
        if (answers[0] && answers[0]->starts_with("/vm/")) // that of a guest whose UUID was being changed
            rest.remove(*answers[0]);
        remove_guest(rest, domain);
        return xenstored.carry_out(rest);
    };
    return attempt().while_doing("taking it out of xenstored");
}

RegistrationGuard::~RegistrationGuard() {
    // The failure that made it go is the one to tell.
    if (host_)
        (void)end_registered(*host_, id_, uuid_, Ending::half_made);
}

} // namespace chaos
