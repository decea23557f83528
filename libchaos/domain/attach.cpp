// SPDX-License-Identifier: BSD-3-Clause
// attach_vif() and attach_disk(): recorded first, so that a device whose maker was killed can be found and taken away;
// then served; then shown to the guest.
#include "libchaos/domain/attach.hpp"

#include <algorithm>
#include <charconv>

#include "libchaos/devices/client.hpp"
#include "libchaos/devices/image.hpp"
#include "libchaos/domain/detach_recorded.hpp"
#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/hot_plug.hpp"
#include "libchaos/domain/registered_devices.hpp"
#include "libchaos/domain/wait_event.hpp"

namespace chaos {

namespace {

using devices::AttachRequest;
using devices::AttachVbd;
using devices::AttachVif;
using devices::DeviceType;

Error has_one(const std::string& what) {
    return Error(ErrorKind::invalid_argument, "it has a device with this " + what + " already");
}

/// The lowest number that none of `devices` has.
template<typename Device>
std::uint16_t unused_id(const std::vector<Device>& devices) {
    std::uint16_t id = 0;
    while (std::any_of(devices.begin(), devices.end(), [&](const Device& device) { return device.id == id; }))
        ++id;
    return id;
}

Result<void> check_running(const GuestInfo& guest) {
    if (guest.domain.shutdown)
        return Error(ErrorKind::guest_failed, std::string("it ") + describe(guest.domain.shutdown_reason))
            .advise("`chaos reboot` makes it anew.");
    if (guest.record && !guest.record->system && !guest.record->store)
        return Error(ErrorKind::guest_failed,
                     "its kernel finds devices in a store only, and it was made without one")
            .advise("Start xendevd and make the guest again.");
    return {};
}

AttachRequest request_for(const GuestRecord& record) {
    AttachRequest request;
    request.domain = record.id;
    request.uuid = record.uuid;
    request.name = record.config.name;
    request.noxs = record.system.has_value();
    return request;
}

/// Has xendevd serve the one device of `request`, whose id is new in the record.
Result<void> serve(devices::Client& client, const AttachRequest& request, std::span<const int> files,
                   const devices::DetachRequest& undo) {
    auto attached = client.attach(request, files);
    if (attached)
        return attached;
    // What xendevd has by that id is in no record: it was attached, now or before, but the answer got lost.
    const bool had_one = client.detach(undo).has_value();
    if (had_one && attached.error().kind() == ErrorKind::name_taken)
        return client.attach(request, files);
    return attached;
}

/// What both kinds of devices have in common; `Device` is VifRecord or DiskRecord, `fill` writes its control page, `request`
/// adds it to a request. What it fails with, the record and the guest are as before.
template<typename Device, typename Fill, typename Ask>
Result<void> attach_device(Host& host, RecordChange& change, std::vector<Device>& list, Device device,
                           noxs_device_type type, std::span<const int> files, Fill fill, Ask ask) {
    auto* client = TRY(host.needed_devices());
    GuestRecord& record = change.record;
    if (record.vifs.size() + record.disks.size() >= most_devices)
        return Error(ErrorKind::invalid_argument,
                     "it has " + std::to_string(most_devices) + " devices, as many as a guest can have");
    std::optional<HotPlug> hot_plug;
    if (record.system) {
        hot_plug.emplace(TRY(HotPlug::open(host, record)));
        TRY(hot_plug->check_notices());
        const OpenSlot open = TRY(hot_plug->take_slot(record));
        device.slot = open.slot;
        fill(open.page.data());
    }
    const auto finish = [&]() -> Result<void> {
        AttachRequest request = request_for(record);
        ask(request, device.slot ? devices::DeviceEnd{device.slot->location.port, device.slot->location.grant}
                                 : devices::DeviceEnd{});
        TRY(change.save());
        const devices::DetachRequest undo{record.id,
                                          type == NOXS_DEVICE_VIF ? DeviceType::vif : DeviceType::vbd,
                                          device.id, true, std::chrono::milliseconds(0)};
        TRY(serve(*client, request, files, undo));
        if (!hot_plug)
            return {};
        auto shown = hot_plug->show({type, static_cast<std::uint16_t>(device.id)}, *device.slot);
        if (!shown)
            (void)client->detach(undo);
        return shown;
    };
    list.push_back(device);
    auto finished = finish();
    if (!finished) {
        if (hot_plug)
            (void)hot_plug->hide(*device.slot);
        list.pop_back();
        if (device.slot)
            record.free_slots.push_back(*device.slot); // its page, port and grant are there for the next one
        (void)change.save();                           // the story to tell is how it came to this
    }
    return finished;
}

Result<AttachedVif> attach_unnamed_vif(Host& host, const GuestInfo& guest, const VifConfig& asked) {
    TRY(check_running(guest));
    RecordChange change = TRY(host.registry().change(guest.domain.id, Uuid{guest.domain.handle}));
    if (is_registered(change.record))
        return attach_registered_vif(host, change, asked);
    const auto& vifs = change.record.vifs;
    const auto has_its_mac = [&](const VifRecord& other) { return other.config.mac == asked.mac; };
    const auto same = asked.mac ? std::find_if(vifs.begin(), vifs.end(), has_its_mac) : vifs.end();
    if (same != vifs.end() && !TRY(detach_unfinished(host, guest, change, DeviceType::vif, same->id)))
        return has_one("MAC address");
    VifRecord vif;
    vif.id = unused_id(change.record.vifs);
    vif.config = asked;
    TRY(attach_device(
        host, change, change.record.vifs, vif, NOXS_DEVICE_VIF, {},
        [&](std::byte* page) { write_vif_config(page, vif.config); },
        [&](AttachRequest& request, devices::DeviceEnd end) {
            request.vifs = {AttachVif{vif.id, end, vif.config}};
        }));
    return AttachedVif{vif.id, vif.config};
}

Result<AttachedDisk> attach_unnamed_disk(Host& host, const GuestInfo& guest, const DiskConfig& asked) {
    TRY(check_running(guest));
    const std::uint32_t number = TRY(virtual_device_number(asked.device_name));
    RecordChange change = TRY(host.registry().change(guest.domain.id, Uuid{guest.domain.handle}));
    if (is_registered(change.record))
        return attach_registered_disk(host, change, asked);
    const auto& disks = change.record.disks;
    const auto same = std::find_if(disks.begin(), disks.end(), [&](const DiskRecord& other) {
        return virtual_device_number(other.config.device_name).value() == number;
    });
    if (same != disks.end() && !TRY(detach_unfinished(host, guest, change, DeviceType::vbd, same->id)))
        return has_one("vdev");
    // After that: what is left unfinished may hold the image's lock.
    const devices::OpenImage image = TRY(devices::open_image(asked, devices::ImageLock::hold));
    DiskRecord disk;
    disk.id = change.record.system ? unused_id(change.record.disks) : number;
    disk.config = asked;
    disk.config.path = image.path;
    const std::array<int, 1> files{image.file.get()};
    TRY(attach_device(
        host, change, change.record.disks, disk, NOXS_DEVICE_VBD, files,
        [&](std::byte* page) { write_vbd_config(page, disk.config, image.sectors, image.sector_size); },
        [&](AttachRequest& request, devices::DeviceEnd end) {
            request.vbds = {AttachVbd{disk.id, end, disk.config, image.sectors, image.sector_size}};
        }));
    return AttachedDisk{disk.id, disk.config};
}

std::optional<std::uint32_t> number_in(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

} // namespace

Result<AttachedVif> attach_vif(Host& host, const GuestInfo& guest, const VifConfig& vif) {
    for (int draws = 1;; ++draws) {
        VifConfig complete = vif;
        if (!vif.mac)
            complete.mac = random_mac();
        auto attached = attach_unnamed_vif(host, guest, complete);
        if (attached || draws == most_draws ||
            !is_about_drawn_address(attached.error(), {&vif, 1}, {&complete, 1}))
            return std::move(attached).while_doing("attaching a vif to guest " + guest.name());
    }
}

Result<AttachedDisk> attach_disk(Host& host, const GuestInfo& guest, const DiskConfig& disk) {
    return attach_unnamed_disk(host, guest, disk)
        .while_doing("attaching disk " + disk.device_name + " to guest " + guest.name());
}

Result<std::uint32_t> find_disk(const GuestRecord& record, std::string_view text) {
    for (const DiskRecord& disk : record.disks)
        if (disk.config.device_name == text)
            return disk.id;
    for (const DiskRecord& disk : record.disks)
        if (number_in(text) == disk.id)
            return disk.id;
    return Error(ErrorKind::not_found, "guest " + record.config.name + " has no disk " + std::string(text))
        .advise("`chaos block-list " + record.config.name + "` shows those it has.");
}

Result<std::uint32_t> find_vif(const GuestRecord& record, std::string_view text) {
    const auto mac = parse_mac(text);
    for (const VifRecord& vif : record.vifs)
        if ((mac && vif.config.mac == *mac) || number_in(text) == vif.id)
            return std::uint32_t{vif.id};
    return Error(ErrorKind::not_found, "guest " + record.config.name + " has no vif " + std::string(text))
        .advise("`chaos network-list " + record.config.name + "` shows those it has.");
}

} // namespace chaos
