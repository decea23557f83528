// SPDX-License-Identifier: BSD-3-Clause
// From a shell and a configuration to the request that xendevd serves.
#include "libchaos/domain/device_server.hpp"

#include "libchaos/domain/device_page.hpp"

namespace chaos {

namespace {

using devices::AttachRequest;
using devices::AttachVbd;
using devices::AttachVif;
using devices::DeviceEnd;

DeviceEnd end_of(const DeviceLocation& location) {
    return {location.port, location.grant};
}

/// Numbers that xl would give: noxs counts, a stock kernel knows its disks by what their names stand for.
Result<std::uint32_t> disk_id(const DiskConfig& disk, std::size_t index, bool noxs) {
    return noxs ? Result<std::uint32_t>(static_cast<std::uint32_t>(index))
                : virtual_device_number(disk.device_name);
}

/// What an image is, said of the disk that it backs.
AttachVbd attach_of(const DiskConfig& disk, const devices::OpenImage& image) {
    AttachVbd vbd;
    vbd.config = disk;
    vbd.config.path = image.path;
    vbd.sectors = image.sectors;
    vbd.sector_size = image.sector_size;
    return vbd;
}

std::vector<int> files_of(std::span<const devices::OpenImage> images) {
    std::vector<int> files;
    files.reserve(images.size());
    for (const devices::OpenImage& image : images)
        files.push_back(image.file.get());
    return files;
}

/// A disk of a guest that speaks noxs, in the place behind its `vifs`; fills its control page.
AttachVbd place_disk(const Shell& shell, std::size_t vifs, std::size_t index, const DiskConfig& disk,
                     const devices::OpenImage& image) {
    AttachVbd vbd = attach_of(disk, image);
    vbd.id = static_cast<std::uint32_t>(index);
    const DeviceLocation& location = shell.slots[vifs + index].location;
    vbd.end = end_of(location);
    write_vbd_config(shell.page(location.frame), vbd.config, vbd.sectors, vbd.sector_size);
    return vbd;
}

Result<AttachRequest> request_of(const Shell& shell, const GuestConfig& config,
                                 std::span<const devices::OpenImage> images) {
    const bool noxs = shell.flavour.platform == Platform::noxs;
    AttachRequest request;
    request.domain = shell.domain.id();
    request.uuid = shell.uuid;
    request.name = config.name;
    request.noxs = noxs;
    if (shell.console)
        request.console = end_of(*shell.console);
    if (shell.store)
        request.store =
            devices::AttachStore{end_of(*shell.store), shell.flavour.vcpus, shell.flavour.memory_kib};
    for (std::size_t index = 0; index < config.vifs.size(); ++index) {
        AttachVif& vif = request.vifs.emplace_back();
        vif.id = static_cast<std::uint16_t>(index);
        vif.config = config.vifs[index];
        if (!noxs)
            continue;
        const DeviceLocation& location = shell.slots[index].location;
        vif.end = end_of(location);
        write_vif_config(shell.page(location.frame), vif.config);
    }
    for (std::size_t index = 0; index < config.disks.size(); ++index) {
        if (noxs) {
            request.vbds.push_back(
                place_disk(shell, config.vifs.size(), index, config.disks[index], images[index]));
            continue;
        }
        AttachVbd& vbd = request.vbds.emplace_back(attach_of(config.disks[index], images[index]));
        vbd.id = TRY(disk_id(vbd.config, index, noxs));
    }
    return request;
}

/// Whether xendevd need not hear of the difference: addresses are between a guest and its control page.
bool is_served_alike(const VifConfig& one, const VifConfig& other) {
    return one.mac == other.mac && one.mtu == other.mtu && one.rate == other.rate;
}

Result<void> check_places(const Shell& shell, const GuestConfig& config,
                          std::span<const devices::OpenImage> images) {
    const bool noxs = shell.flavour.platform == Platform::noxs;
    if (images.size() != config.disks.size() ||
        (noxs && (shell.flavour.vifs != config.vifs.size() || shell.flavour.vbds != config.disks.size())))
        return Error(ErrorKind::invalid_argument, "the shell was prepared for other devices");
    return {};
}

} // namespace

bool needs_device_server(const GuestConfig& config) {
    if (config.store == StoreMode::xenstore)
        return !config.vifs.empty(); // it connects what the kernel makes
    return !config.vifs.empty() || !config.disks.empty() || config.store == StoreMode::private_store;
}

Result<void> check_devices(const GuestConfig& config, const KernelHeaders& headers) {
    const bool noxs = config.type == GuestType::pvh && headers.noxs_version;
    if (noxs && config.store == StoreMode::private_store)
        return Error(ErrorKind::invalid_config, "its kernel speaks noxs and would never look at a store")
            .advise("Leave store= out.");
    if (config.store == StoreMode::xenstore)
        return check_kernel_limits(config);
    if (!noxs && config.store == StoreMode::none && needs_device_server(config))
        return Error(ErrorKind::invalid_config,
                     "its kernel does not speak noxs and finds vifs and disks in a store only")
            .advise("Leave store=\"none\" out.");
    return {};
}

Result<void> check_kernel_limits(const GuestConfig& config) {
    const auto refuse = [](const std::string& what) {
        return Error(ErrorKind::invalid_config, "the kernel's back-ends know no " + what)
            .advise("Leave it out, or leave store=\"xenstore\" out: xendevd's back-ends do.");
    };
    for (const VifConfig& vif : config.vifs)
        if (vif.rate.operations_per_second)
            return refuse("pps=");
    for (const DiskConfig& disk : config.disks)
        if (disk.rate.bytes_per_second || disk.rate.operations_per_second)
            return refuse("rate= and iops= of disks");
    return {};
}

void complete_vifs(GuestConfig& config) {
    for (VifConfig& vif : config.vifs)
        if (!vif.mac)
            vif.mac = random_mac();
}

bool is_about_drawn_address(const Error& refusal, std::span<const VifConfig> asked,
                            std::span<const VifConfig> complete) {
    if (refusal.kind() != ErrorKind::name_taken)
        return false;
    for (std::size_t index = 0; index < asked.size(); ++index)
        if (!asked[index].mac && refusal.story().find(to_text(*complete[index].mac)) != std::string::npos)
            return true;
    return false;
}

Result<void> serve_devices(devices::Client& client, Shell& shell, const GuestConfig& config,
                           std::span<const devices::OpenImage> images, int stop_fd) {
    TRY(check_places(shell, config, images));
    const AttachRequest request = TRY(request_of(shell, config, images));
    // Before the answer: whatever goes wrong, what xendevd may have mapped must go before the domain does.
    shell.backends = BackendGuard(client, shell.domain.id());
    auto attached = client.attach(request, files_of(images), stop_fd);
    if (!attached && devices::Client::is_not_running(attached.error())) {
        shell.backends.release();
        if (!shell.store && !needs_device_server(config))
            return {};
    }
    return std::move(attached).while_doing("attaching its devices");
}

Result<void> serve_shell(devices::Client& client, Shell& shell, std::span<const VifConfig> vifs,
                         int stop_fd) {
    GuestConfig config;
    config.vifs.assign(vifs.begin(), vifs.end());
    AttachRequest request = TRY(request_of(shell, config, {}));
    request.shell = true;
    shell.backends = BackendGuard(client, shell.domain.id()); // as in serve_devices()
    return client.attach(request, {}, stop_fd).while_doing("attaching its devices");
}

Result<void> begin_settling(devices::Client& client, const Shell& shell, std::span<const VifConfig> vifs,
                            const GuestConfig& config, const std::optional<Uuid>& next_uuid,
                            std::span<const devices::OpenImage> images) {
    TRY(check_places(shell, config, images));
    devices::SettleRequest request;
    request.domain = shell.domain.id();
    request.uuid = shell.uuid;
    request.next_uuid = next_uuid;
    request.name = config.name;
    for (std::size_t index = 0; index < config.vifs.size(); ++index) {
        const VifConfig& vif = config.vifs[index];
        if (vif != vifs[index])
            write_vif_config(shell.page(shell.slots[index].location.frame), vif);
        if (!is_served_alike(vif, vifs[index]))
            request.vifs.push_back({static_cast<std::uint16_t>(index), vif});
    }
    for (std::size_t index = 0; index < config.disks.size(); ++index)
        request.vbds.push_back(
            place_disk(shell, config.vifs.size(), index, config.disks[index], images[index]));
    return client.begin_settling(request, files_of(images)).while_doing("settling its devices");
}

void record_devices(GuestRecord& record, const Shell& shell, const GuestConfig& config,
                    std::span<const devices::OpenImage> images) {
    const bool noxs = shell.flavour.platform == Platform::noxs && !shell.flavour.xenstore;
    record.store = shell.store;
    for (std::size_t index = 0; index < config.vifs.size(); ++index) {
        VifRecord& vif = record.vifs.emplace_back();
        vif.id = static_cast<std::uint16_t>(index);
        vif.config = config.vifs[index];
        if (noxs)
            vif.slot = shell.slots[index];
    }
    for (std::size_t index = 0; index < config.disks.size(); ++index) {
        DiskRecord& disk = record.disks.emplace_back();
        disk.id = disk_id(config.disks[index], index, noxs).value(); // served, so it has one
        disk.config = config.disks[index];
        disk.config.path = images[index].path;
        if (noxs)
            disk.slot = shell.slots[config.vifs.size() + index];
    }
}

} // namespace chaos
