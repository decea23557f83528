// SPDX-License-Identifier: BSD-3-Clause
// detach(): the back-end lets go first, then the guest's device page and the record forget the device.
#include <algorithm>
#include <optional>

#include "libchaos/devices/client.hpp"
#include "libchaos/domain/attach.hpp"
#include "libchaos/domain/detach_recorded.hpp"
#include "libchaos/domain/hot_plug.hpp"
#include "libchaos/domain/registered_devices.hpp"

namespace chaos {

namespace {

using devices::DeviceType;

/// Has xendevd let go. One that does not run, or does not know the device, serves it no more.
Result<void> stop_serving(Host& host, const devices::DetachRequest& request, int stop_fd) {
    auto* client = TRY(request.force ? host.devices() : host.needed_devices());
    if (!client)
        return {};
    auto detached = client->detach(request, stop_fd);
    if (detached || detached.error().kind() == ErrorKind::not_found)
        return {};
    if (request.force && devices::Client::is_not_running(detached.error()))
        return {};
    return detached;
}

/// As stop_serving(), but a guest that stopped, before or while it was waited for, is asked nothing: it can let go of nothing.
Result<void> stop_serving_unless_stopped(Host& host, const GuestInfo& guest, devices::DetachRequest request,
                                         int stop_fd) {
    const bool asked = !guest.domain.shutdown && !request.force;
    request.force = !asked;
    auto stopped = stop_serving(host, request, stop_fd);
    if (stopped || !asked || stopped.error().kind() != ErrorKind::timed_out)
        return stopped;
    const auto now = TRY(host.control().domain_info(guest.domain.id));
    if (!now || !now->shutdown)
        return stopped;
    request.force = true;
    return stop_serving(host, request, stop_fd);
}

template<typename Device>
Result<void> detach_from(Host& host, const GuestInfo& guest, RecordChange& change, std::vector<Device>& list,
                         const devices::DetachRequest& request, int stop_fd) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Device& device) { return device.id == request.id; });
    if (found == list.end())
        return Error(ErrorKind::not_found, "it has no such device");
    if (is_registered(change.record)) {
        devices::DetachRequest ending = request;
        ending.force |= guest.domain.shutdown; // it cannot let go any more
        TRY(end_registered_device(host, ending, stop_fd));
    } else {
        TRY(stop_serving_unless_stopped(host, guest, request, stop_fd));
    }
    if (found->slot) {
        if (!guest.domain.shutdown) { // else nobody looks at its device page any more
            HotPlug hot_plug = TRY(HotPlug::open(host, change.record));
            TRY(hot_plug.hide(*found->slot));
        }
        change.record.free_slots.push_back(*found->slot);
    }
    list.erase(found);
    return change.save();
}

Result<bool> is_served(Host& host, DomainId domain, DeviceType type, std::uint32_t id) {
    auto* client = TRY(host.needed_devices());
    auto guests = client->list(domain);
    if (!guests && guests.error().kind() == ErrorKind::not_found)
        return false;
    for (const devices::GuestStatus& guest : TRY(std::move(guests)))
        for (const devices::DeviceStatus& device : guest.devices)
            if (device.type == devices::name_of(type) && device.id == id)
                return true;
    return false;
}

/// The place of a recorded device; nothing if it has none, as those of stock guests.
std::optional<DeviceSlot> slot_of(const GuestRecord& record, DeviceType type, std::uint32_t id) {
    const auto find = [&](const auto& list) -> std::optional<DeviceSlot> {
        for (const auto& device : list)
            if (device.id == id)
                return device.slot;
        return std::nullopt;
    };
    return type == DeviceType::vif ? find(record.vifs) : find(record.disks);
}

} // namespace

Result<void> detach_recorded(Host& host, const GuestInfo& guest, RecordChange& change,
                             const devices::DetachRequest& request, int stop_fd) {
    return request.type == DeviceType::vif
               ? detach_from(host, guest, change, change.record.vifs, request, stop_fd)
               : detach_from(host, guest, change, change.record.disks, request, stop_fd);
}

Result<bool> detach_unfinished(Host& host, const GuestInfo& guest, RecordChange& change, DeviceType type,
                               std::uint32_t id) {
    bool whole = TRY(is_served(host, change.record.id, type, id));
    if (const auto slot = slot_of(change.record, type, id); slot && whole) {
        HotPlug hot_plug = TRY(HotPlug::open(host, change.record));
        whole = hot_plug.shows(*slot);
        if (whole)
            TRY(hot_plug.notify());
    }
    if (whole)
        return false;
    TRY(detach_recorded(host, guest, change,
                        {change.record.id, type, id, true, std::chrono::milliseconds(0)}));
    return true;
}

Result<void> detach(Host& host, const GuestInfo& guest, DeviceType type, std::uint32_t id,
                    const DetachOptions& options) {
    const auto attempt = [&]() -> Result<void> {
        RecordChange change = TRY(host.registry().change(guest.domain.id, Uuid{guest.domain.handle}));
        const devices::DetachRequest request{guest.domain.id, type, id, options.force, options.timeout};
        return detach_recorded(host, guest, change, request, options.stop_fd);
    };
    return attempt().while_doing("detaching " + std::string(name_of(type)) + " " + std::to_string(id) +
                                 " from guest " + guest.name());
}

} // namespace chaos
