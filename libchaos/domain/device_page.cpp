// SPDX-License-Identifier: BSD-3-Clause
// The toolstack's half of the noxs contract.
#include "libchaos/domain/device_page.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "libchaos/domain/memory_layout.hpp"

namespace chaos {

namespace {

noxs_device_entry entry(noxs_device_type type, const DeviceLocation& device) {
    noxs_device_entry result{};
    result.type = static_cast<std::uint32_t>(type);
    result.backend_domain = raw(this_domain);
    result.event_channel = raw(device.port);
    result.grant_reference = raw(device.grant);
    result.control_gfn = device.frame.number;
    return result;
}

/// A 32-bit field of a page that a guest writes: read whole and once.
std::uint32_t read_once(const std::byte* page, std::size_t offset) {
    auto* field = reinterpret_cast<std::uint32_t*>(const_cast<std::byte*>(page) + offset);
    return std::atomic_ref<std::uint32_t>(*field).load(std::memory_order_acquire);
}

void write_once(std::byte* page, std::size_t offset, std::uint32_t value) {
    auto* field = reinterpret_cast<std::uint32_t*>(page + offset);
    std::atomic_ref<std::uint32_t>(*field).store(value, std::memory_order_release);
}

constexpr std::size_t guest_half = offsetof(noxs_system_page, guest);
constexpr std::size_t state_offset = guest_half + offsetof(noxs_system_guest_half, state);
constexpr std::size_t features_offset = guest_half + offsetof(noxs_system_guest_half, features);
constexpr std::size_t answer_offset = guest_half + offsetof(noxs_system_guest_half, answer);
constexpr std::size_t answer_sequence_offset = guest_half + offsetof(noxs_system_guest_half, answer_sequence);
constexpr std::size_t request_offset =
    offsetof(noxs_system_page, backend) + offsetof(noxs_system_backend_half, request);
constexpr std::size_t request_sequence_offset =
    offsetof(noxs_system_page, backend) + offsetof(noxs_system_backend_half, request_sequence);

/// Changes a device page so that a guest which reads meanwhile notices.
template<typename Change>
void change_page(std::byte* device_page, Change change) {
    constexpr std::size_t generation = offsetof(noxs_device_page_header, generation);
    // An odd one was left by a process that was killed at this: it is taken up.
    const std::uint32_t odd = read_once(device_page, generation) | 1;
    write_once(device_page, generation, odd);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    change(*reinterpret_cast<noxs_device_page*>(device_page));
    write_once(device_page, generation, odd + 1);
}

} // namespace

void write_device_page(const DevicePageContents& contents, std::byte* device_page, std::byte* system_page,
                       std::byte* console_page) {
    std::memset(system_page, 0, page_size);
    std::memset(console_page, 0, page_size);
    std::memset(device_page, 0, page_size);
    auto* page = reinterpret_cast<noxs_device_page*>(device_page);
    page->header.magic = NOXS_MAGIC;
    page->header.version_major = NOXS_VERSION_MAJOR;
    page->header.version_minor = NOXS_VERSION_MINOR;
    page->header.domain = raw(contents.domain);
    std::uint16_t count = 0;
    page->entries[count++] = entry(NOXS_DEVICE_SYSTEM, contents.system);
    page->entries[count++] = entry(NOXS_DEVICE_CONSOLE, contents.console);
    page->header.entry_count = count;
}

DeviceSlot slot_at(std::uint16_t entry, Gfn frame, EventChannelPort port) {
    static_assert(DeviceSlot::end_of_entries == NOXS_ENTRY_COUNT);
    static_assert(MemoryLayout::window_pages == NOXS_ENTRY_COUNT);
    return {entry, 0, {frame, port, GrantReference{NOXS_FIRST_GRANT + entry}}};
}

void add_entry(std::byte* device_page, DeviceName device, const DeviceSlot& slot) {
    noxs_device_entry added = entry(device.type, slot.location);
    added.id = device.id;
    added.instance = slot.instance;
    change_page(device_page, [&](noxs_device_page& page) {
        page.entries[slot.entry] = added;
        // Read back from where the guest may write: a wrong count only harms itself.
        const std::uint16_t count = std::min<std::uint16_t>(page.header.entry_count, NOXS_ENTRY_COUNT);
        page.header.entry_count = std::max<std::uint16_t>(count, slot.entry + 1);
    });
}

void remove_entry(std::byte* device_page, const DeviceSlot& slot) {
    change_page(device_page,
                [&](noxs_device_page& page) { page.entries[slot.entry].type = NOXS_DEVICE_NONE; });
}

bool has_entry(const std::byte* device_page, const DeviceSlot& slot) {
    const std::size_t entry = offsetof(noxs_device_page, entries) + slot.entry * sizeof(noxs_device_entry);
    return read_once(device_page, entry + offsetof(noxs_device_entry, type)) != NOXS_DEVICE_NONE &&
           read_once(device_page, entry + offsetof(noxs_device_entry, instance)) == slot.instance;
}

void clear_control_page(std::byte* page) {
    std::memset(page, 0, page_size);
}

void write_vif_config(std::byte* page, const VifConfig& vif) {
    constexpr std::uint16_t usual_mtu = 1500;
    noxs_vif_config config{};
    if (vif.mac)
        std::copy(vif.mac->begin(), vif.mac->end(), config.mac);
    config.mtu = vif.mtu ? vif.mtu : usual_mtu;
    if (vif.ipv4)
        std::copy(vif.ipv4->begin(), vif.ipv4->end(), config.ipv4);
    if (vif.gateway)
        std::copy(vif.gateway->begin(), vif.gateway->end(), config.ipv4_gateway);
    config.ipv4_prefix = vif.ipv4_prefix;
    std::memcpy(page + offsetof(noxs_vif_page, config), &config, sizeof config);
}

void write_vbd_config(std::byte* page, const DiskConfig& disk, std::uint64_t sectors,
                      std::uint32_t sector_size) {
    noxs_vbd_config config{};
    config.sectors = sectors;
    config.sector_size = sector_size;
    config.flags = disk.read_only ? NOXS_VBD_READ_ONLY : 0;
    disk.device_name.copy(config.name, sizeof config.name - 1);
    std::memcpy(page + offsetof(noxs_vbd_page, config), &config, sizeof config);
}

SystemReport read_system_page(const std::byte* page, std::uint32_t sequence) {
    SystemReport report;
    report.ready = read_once(page, state_offset) == NOXS_STATE_READY;
    report.hotplug = read_once(page, features_offset) & NOXS_FEATURE_HOTPLUG;
    report.answered = sequence != 0 && read_once(page, answer_sequence_offset) == sequence;
    if (report.answered) {
        const std::uint32_t answer = read_once(page, answer_offset);
        report.answered = answer == NOXS_ANSWER_ACCEPTED || answer == NOXS_ANSWER_REFUSED;
        report.accepted = answer == NOXS_ANSWER_ACCEPTED;
    }
    return report;
}

std::uint32_t write_system_request(std::byte* page, std::uint32_t request) {
    // The number lives in the page because each request may come from another process. A guest that tampers
    // with it only confuses itself.
    std::uint32_t sequence = read_once(page, request_sequence_offset) + 1;
    if (sequence == 0)
        sequence = 1; // 0 means "no request yet"
    write_once(page, request_offset, request);
    write_once(page, request_sequence_offset, sequence);
    return sequence;
}

} // namespace chaos
