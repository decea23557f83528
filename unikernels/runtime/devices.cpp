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

/// The entry's fields as they were at some moment, no two of them for sure at the same one.
noxs_device_entry copy_entry(const noxs_device_entry& entry) {
    return {
        .type = read_once(entry.type),
        .id = read_once(entry.id),
        .backend_domain = read_once(entry.backend_domain),
        .event_channel = read_once(entry.event_channel),
        .grant_reference = read_once(entry.grant_reference),
        .control_gfn = read_once(entry.control_gfn),
        .instance = read_once(entry.instance),
        .reserved = 0,
    };
}

std::uint32_t generation_of(const noxs_device_page& page) {
    return std::atomic_ref(const_cast<std::uint32_t&>(page.header.generation))
        .load(std::memory_order_acquire);
}

/// Calls `take` with a copy of each entry, from the first one on, until it returns false; and all over again, after
/// `begin`, if the page was changed meanwhile.
template<typename Begin, typename Take>
void read_entries(const noxs_device_page& page, Begin begin, Take take) {
    for (;;) {
        const std::uint32_t before = generation_of(page);
        begin();
        const std::uint32_t count = read_once(page.header.entry_count);
        for (std::uint32_t i = 0; i < count && i < NOXS_ENTRY_COUNT && take(copy_entry(page.entries[i]));
             ++i) {
        }
        // The entries are read before the generation is looked at again.
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && generation_of(page) == before) {
            return;
        }
    }
}

std::optional<Device> check(const noxs_device_entry& entry) {
    if (entry.event_channel == 0 || entry.event_channel >= port_count ||
        entry.control_gfn >= 512 * gibibyte / page_size) {
        return std::nullopt;
    }
    void* control_page = shared_page_at(entry.control_gfn * page_size);
    if (control_page == nullptr) {
        return std::nullopt;
    }
    return Device{control_page, entry.event_channel, entry.id, entry.backend_domain, entry.instance};
}

} // namespace

std::optional<Device> find_device(noxs_device_type type, std::uint16_t id) {
    const noxs_device_page* page = device_page();
    if (page == nullptr) {
        return std::nullopt;
    }
    std::optional<noxs_device_entry> found;
    read_entries(
        *page, [&] { found.reset(); },
        [&](const noxs_device_entry& entry) {
            if (entry.type == type && entry.id == id) {
                found = entry;
            }
            return !found;
        });
    return found ? check(*found) : std::nullopt;
}

std::size_t list_devices(noxs_device_type type, std::span<Device> devices) {
    const noxs_device_page* page = device_page();
    std::size_t count = 0;
    if (page != nullptr) {
        read_entries(
            *page, [&] { count = 0; },
            [&](const noxs_device_entry& entry) {
                const auto device = entry.type == type ? check(entry) : std::nullopt;
                if (device && count < devices.size()) {
                    devices[count++] = *device;
                }
                return true;
            });
    }
    return count;
}

std::uint32_t device_generation() {
    // Asked for after every event: it is looked for once.
    constinit static const noxs_device_page* page = nullptr;
    if (page == nullptr) {
        page = device_page();
    }
    return page != nullptr ? generation_of(*page) : 0;
}

} // namespace unikernel
