// SPDX-License-Identifier: BSD-3-Clause
// Places in the window of a running guest, made when they are first needed.
#include "libchaos/domain/hot_plug.hpp"

#include <algorithm>
#include <array>

#include "libchaos/domain/memory_layout.hpp"

namespace chaos {

namespace {

constexpr std::uint64_t page_kib = page_size / 1024;

/// The lowest entry of the device page that no place of the record has.
Result<std::uint16_t> unused_entry(const GuestRecord& record) {
    std::array<bool, DeviceSlot::end_of_entries> used{};
    for (const VifRecord& vif : record.vifs)
        if (vif.slot)
            used[vif.slot->entry] = true;
    for (const DiskRecord& disk : record.disks)
        if (disk.slot)
            used[disk.slot->entry] = true;
    for (std::uint16_t entry = DeviceSlot::first_entry; entry < DeviceSlot::end_of_entries; ++entry)
        if (!used[entry])
            return entry;
    return Error(ErrorKind::invalid_argument, "it has " + std::to_string(most_devices) +
                                                  " devices, and its device page has room for no more");
}

} // namespace

Result<HotPlug> HotPlug::open(Host& host, const GuestRecord& record) {
    if (!record.system)
        return Error(ErrorKind::guest_failed, "it has no system device");
    const MemoryLayout layout(record.config.memory_kib);
    const std::array<std::uint64_t, 2> gfns{record.system->frame.number, layout.device_page().number};
    xen::Mapping pages = TRY(host.memory().map(record.id, gfns));
    auto* events = TRY(host.events());
    auto binding = Binding::make(*events, record.id, record.system->port);
    if (!binding)
        return std::move(binding).error().advise(
            "Is another chaos waiting for an answer of this guest? Try again then.");
    return HotPlug(host, record.id, std::move(pages), std::move(*binding));
}

Result<void> HotPlug::check_notices() const {
    const SystemReport report = read_system_page(system_page(), 0);
    if (report.hotplug)
        return {};
    if (!report.ready)
        return Error(ErrorKind::guest_failed, "it has not said that it is ready")
            .advise("Try again when it is; `chaos create --wait` waits for it.");
    return Error(ErrorKind::guest_failed, "its kernel does not notice devices that come while it runs")
        .advise("Name the device in its configuration and make it again.");
}

Result<xen::Mapping> HotPlug::map_new_page(Gfn frame) {
    const std::array<std::uint64_t, 1> gfns{frame.number};
    // A process that was killed may have put a page there and not come to record it.
    if (auto there = host_->memory().map(domain_, gfns))
        return there;
    const auto info = TRY(host_->control().domain_info(domain_));
    if (!info)
        return Error(ErrorKind::guest_failed, "it is gone");
    if (info->max_memory_kib < info->memory_kib + page_kib)
        TRY(host_->control().set_max_memory(domain_, info->memory_kib + page_kib));
    if (TRY(host_->control().populate(domain_, gfns, 0)) != 1)
        return Error(ErrorKind::out_of_memory, "the hypervisor has no page left for the device");
    return host_->memory().map(domain_, gfns);
}

Result<OpenSlot> HotPlug::take_slot(GuestRecord& record) {
    OpenSlot taken;
    if (!record.free_slots.empty()) {
        taken.slot = record.free_slots.back();
        const std::array<std::uint64_t, 1> gfns{taken.slot.location.frame.number};
        taken.page = TRY(host_->memory().map(domain_, gfns));
        record.free_slots.pop_back();
        ++taken.slot.instance;
    } else {
        const std::uint16_t entry = TRY(unused_entry(record));
        const Gfn frame = MemoryLayout(record.config.memory_kib).window(entry);
        taken.page = TRY(map_new_page(frame));
        const EventChannelPort port = TRY(host_->control().allocate_unbound(domain_, this_domain));
        taken.slot = slot_at(entry, frame, port);
        const std::array<xen::GrantSeed, 1> grants{{{taken.slot.location.grant, this_domain, frame}}};
        TRY(host_->memory().seed_grants(domain_, grants));
    }
    clear_control_page(taken.page.data());
    return taken;
}

Result<void> HotPlug::show(DeviceName device, const DeviceSlot& slot) {
    add_entry(device_page(), device, slot);
    return binding_.notify();
}

Result<void> HotPlug::hide(const DeviceSlot& slot) {
    remove_entry(device_page(), slot);
    return binding_.notify();
}

} // namespace chaos
