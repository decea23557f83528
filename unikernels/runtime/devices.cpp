// SPDX-License-Identifier: BSD-3-Clause
// Reads the device page: each field copied once, the copy checked.
#include "devices.hpp"

#include "boot_info.hpp"
#include "page_table.hpp"

#include <atomic>

namespace unikernel {

namespace {

constexpr EventPort port_count = 4096;

template<typename Field>
Field read_once(const Field& field) {
    return *static_cast<const volatile Field*>(&field);
}

/// A page that both sides may use: mapped, and none that we could take for our own RAM.
void* shared_page_at(std::uint64_t address) {
    const MemoryRange range{address, address + page_size};
    if (address == 0 || address % page_size != 0 || boot_info().overlaps_ram(range) || !map_identity(range)) {
        return nullptr;
    }
    return reinterpret_cast<void*>(address);
}

const noxs_device_page* device_page() {
    const auto modules = boot_info().modules();
    if (modules.empty() || modules.back().end - modules.back().begin != page_size) {
        return nullptr;
    }
    const auto* page = static_cast<const noxs_device_page*>(shared_page_at(modules.back().begin));
    if (page == nullptr || read_once(page->header.magic) != NOXS_MAGIC ||
        read_once(page->header.version_major) != NOXS_VERSION_MAJOR) {
        return nullptr;
    }
    return page;
}

/// One pass over the entries, as they are while nobody changes them.
std::optional<noxs_device_entry> find_entry(const noxs_device_page& page, noxs_device_type type,
                                            std::uint16_t id) {
    std::uint32_t count = read_once(page.header.entry_count);
    count = count < NOXS_ENTRY_COUNT ? count : NOXS_ENTRY_COUNT;
    for (std::uint32_t i = 0; i < count; ++i) {
        const noxs_device_entry& entry = page.entries[i];
        if (read_once(entry.type) == type && read_once(entry.id) == id) {
            return noxs_device_entry{
                .type = type,
                .id = id,
                .backend_domain = read_once(entry.backend_domain),
                .event_channel = read_once(entry.event_channel),
                .grant_reference = read_once(entry.grant_reference),
                .control_gfn = read_once(entry.control_gfn),
                .reserved = 0,
            };
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<Device> find_device(noxs_device_type type, std::uint16_t id) {
    const noxs_device_page* page = device_page();
    if (page == nullptr) {
        return std::nullopt;
    }
    const std::atomic_ref generation(const_cast<std::uint32_t&>(page->header.generation));
    for (;;) {
        const std::uint32_t before = generation.load(std::memory_order_acquire);
        const auto entry = find_entry(*page, type, id);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 != 0 || generation.load(std::memory_order_relaxed) != before) {
            continue;
        }
        if (!entry || entry->event_channel == 0 || entry->event_channel >= port_count ||
            entry->control_gfn >= 512 * gibibyte / page_size) {
            return std::nullopt;
        }
        void* control_page = shared_page_at(entry->control_gfn * page_size);
        if (control_page == nullptr) {
            return std::nullopt;
        }
        return Device{control_page, entry->event_channel};
    }
}

} // namespace unikernel
