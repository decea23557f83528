// SPDX-License-Identifier: BSD-3-Clause
// Recorded first, so that what a killed chaos leaves can be found; then the keys; then the wait for the back-end.
#include "libchaos/domain/registered_devices.hpp"

#include <unistd.h>

#include <algorithm>

#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/xenstore_mode.hpp"

namespace chaos {

namespace {

using devices::DeviceType;
using xenstore::Batch;
using xenstore::DeviceAddress;

DeviceAddress address_of(DomainId domain, DeviceType type, std::uint32_t id) {
    return {domain, type == DeviceType::vif ? "vif" : "vbd", id};
}

Error has_one(const std::string& what) {
    return Error(ErrorKind::invalid_argument, "it has a device with this " + what + " already");
}

Result<void> check_room(const GuestRecord& record) {
    if (record.vifs.size() + record.disks.size() < most_devices)
        return {};
    return Error(ErrorKind::invalid_argument,
                 "it has " + std::to_string(most_devices) + " devices, as many as a guest can have");
}

/// Takes the device out of xenstored without asking the guest.
Result<void> end_at_once(Host& host, const DeviceAddress& device) {
    Batch close, rest;
    close.write(device.back_end() + "/online", "0");
    close.remove(device.front_end());
    TRY(host.xenstored().carry_out(close));
    TRY(wait_until_gone(host, device));
    remove_device(rest, device);
    return host.xenstored().carry_out(rest);
}

/// Adds `device` to `list` and to the store with `add`, or to none of them.
template<typename Device, typename Add>
Result<void> attach(Host& host, RecordChange& change, std::vector<Device>& list, Device device,
                    const DeviceAddress& address, Add add) {
    TRY(check_room(change.record));
    list.push_back(std::move(device));
    const auto finish = [&]() -> Result<void> {
        TRY(change.save());
        Batch batch;
        TRY(add(batch));
        return {};
    };
    auto finished = finish();
    if (!finished) {
        (void)end_at_once(host, address);
        list.pop_back();
        (void)change.save(); // the story to tell is how it came to this
    }
    return finished;
}

/// Whether the device is as it should be, rather than left half-way by a chaos that was killed.
Result<bool> is_whole(Host& host, const DeviceAddress& device) {
    if (TRY(host.xenstored().read(device.back_end() + "/hotplug-status")) != "connected")
        return false;
    return device.type == "vif" ||
           ::access((host.options().kernel_back_ends + "/devices/" + device.name()).c_str(), F_OK) == 0;
}

/// Makes room for a device like the one that `found` is, if that is not whole.
template<typename Device>
Result<bool> clear_away(Host& host, RecordChange& change, std::vector<Device>& list,
                        typename std::vector<Device>::iterator found, DeviceType type) {
    if (found == list.end())
        return true;
    const DeviceAddress device = address_of(change.record.id, type, found->id);
    if (TRY(is_whole(host, device)))
        return false;
    TRY(end_at_once(host, device));
    list.erase(found);
    return true;
}

const char* word_of_state(const std::optional<std::string>& state) {
    if (!state)
        return "absent";
    return *state == "4" ? "connected" : *state == "5" ? "closing" : *state == "6" ? "closed" : "waiting";
}

} // namespace

Result<AttachedVif> attach_registered_vif(Host& host, RecordChange& change, const VifConfig& asked) {
    TRY(host.needed_devices()); // it connects what the kernel makes
    TRY(check_kernel_back_end(host, "vif"));
    GuestConfig as_config;
    as_config.vifs = {asked};
    TRY(check_kernel_limits(as_config));
    auto& vifs = change.record.vifs;
    const auto same = std::find_if(vifs.begin(), vifs.end(),
                                   [&](const VifRecord& other) { return other.config.mac == asked.mac; });
    if (!TRY(clear_away(host, change, vifs, same, DeviceType::vif)))
        return has_one("MAC address");
    VifRecord vif;
    while (std::any_of(vifs.begin(), vifs.end(), [&](const VifRecord& other) { return other.id == vif.id; }))
        ++vif.id;
    vif.config = asked;
    const DeviceAddress address = address_of(change.record.id, DeviceType::vif, vif.id);
    const auto add = [&](Batch& batch) -> Result<void> {
        add_vif(batch, address, asked);
        TRY(host.xenstored().carry_out(batch));
        return wait_for_vif(host, address, -1);
    };
    TRY(attach(host, change, vifs, vif, address, add));
    return AttachedVif{vif.id, vif.config};
}

Result<AttachedDisk> attach_registered_disk(Host& host, RecordChange& change, const DiskConfig& asked) {
    TRY(check_kernel_back_end(host, "vbd"));
    GuestConfig as_config;
    as_config.disks = {asked};
    TRY(check_kernel_limits(as_config));
    DiskRecord disk;
    disk.id = TRY(virtual_device_number(asked.device_name));
    auto& disks = change.record.disks;
    const auto same = std::find_if(disks.begin(), disks.end(),
                                   [&](const DiskRecord& other) { return other.id == disk.id; });
    if (!TRY(clear_away(host, change, disks, same, DeviceType::vbd)))
        return has_one("vdev");
    const devices::OpenImage image = TRY(devices::open_image(asked, devices::ImageLock::hold));
    disk.config = asked;
    disk.config.path = image.path;
    const DeviceAddress address = address_of(change.record.id, DeviceType::vbd, disk.id);
    const auto add = [&](Batch& batch) -> Result<void> {
        const auto device = TRY(xenstore::block_device_of(image, asked, host.options().loop_control));
        add_disk(batch, address, disk.config, image.path, device, change.record.config.type);
        TRY(host.xenstored().carry_out(batch));
        return wait_for_disk(host, address, -1);
    };
    TRY(attach(host, change, disks, disk, address, add));
    return AttachedDisk{disk.id, disk.config};
}

Result<void> end_registered_device(Host& host, const devices::DetachRequest& request, int stop_fd) {
    const DeviceAddress device = address_of(request.domain, request.type, request.id);
    if (!request.force) {
        Batch ask;
        ask_to_close(ask, device);
        TRY(host.xenstored().carry_out(ask));
        auto closed = host.xenstored().wait_for(
            device.back_end() + "/state", request.timeout, stop_fd,
            [](const auto& state) -> Result<bool> { return !state || *state == xenstore::state_closed; });
        if (!closed && closed.error().kind() == ErrorKind::timed_out)
            return Error(ErrorKind::timed_out, "the guest does not let go of it");
        TRY(std::move(closed));
    }
    return end_at_once(host, device);
}

Result<std::vector<devices::DeviceStatus>> registered_devices(Host& host, const GuestRecord& record,
                                                              DeviceType type) {
    std::vector<devices::DeviceStatus> found;
    Batch batch;
    const auto add = [&](std::uint32_t id) -> devices::DeviceStatus& {
        batch.read(address_of(record.id, type, id).back_end() + "/state");
        auto& device = found.emplace_back();
        device.type = devices::name_of(type);
        device.id = id;
        return device;
    };
    if (type == DeviceType::vif)
        for (const VifRecord& vif : record.vifs)
            add(vif.id).details = {
                {"mac", to_text(vif.config.mac.value_or(MacAddress{}))},
                {"bridge", vif.config.bridge.empty() ? xenstore::default_bridge : vif.config.bridge}};
    else
        for (const DiskRecord& disk : record.disks)
            add(disk.id).details = {{"path", disk.config.path}, {"device_name", disk.config.device_name}};
    if (found.empty())
        return found;
    const auto states = TRY(host.xenstored().ask(batch));
    for (std::size_t index = 0; index < found.size(); ++index)
        found[index].state = word_of_state(states[index]);
    return found;
}

} // namespace chaos
