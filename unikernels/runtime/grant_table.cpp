// SPDX-License-Identifier: BSD-3-Clause
// Hands out ranges of references: new ones from the end of what was used, those that came back first.
#include "grant_table.hpp"

#include "boot_info.hpp"
#include "events.hpp"
#include "hypercall.hpp"
#include "noxs/noxs.h"
#include "page_table.hpp"

#include <atomic>

#include <xen/grant_table.h>

namespace unikernel {

namespace {

using Entry = grant_entry_v1;
constexpr GrantReference entries_per_frame = page_size / sizeof(Entry);
constexpr GrantReference most_frames = BootInfo::window_pages - 1;

constinit Entry* table = nullptr;
constinit GrantReference mapped_entries = 0;
constinit GrantReference first_unused = NOXS_FIRST_GUEST_GRANT;

// A range that came back is described by its own first entry, which grants nothing: `frame` is the next such range,
// `domid` the number of references.
constinit GrantReference first_free_range = 0;

/// Frames of the table until `entries` can be used; false when there are no more.
bool map_entries(GrantReference entries) {
    const std::uint64_t window = boot_info().first_free_address() + page_size;
    if (table == nullptr) {
        if (!map_identity({window, window + most_frames * page_size})) {
            return false;
        }
        table = reinterpret_cast<Entry*>(window);
    }
    for (; mapped_entries < entries; mapped_entries += entries_per_frame) {
        const GrantReference frame = mapped_entries / entries_per_frame;
        xen_add_to_physmap placement{};
        placement.domid = DOMID_SELF;
        placement.space = XENMAPSPACE_grant_table;
        placement.idx = frame;
        placement.gpfn = window / page_size + frame;
        if (frame >= most_frames || memory_op(XENMEM_add_to_physmap, &placement) != 0) {
            return false;
        }
    }
    return true;
}

/// As many references that follow one another, or 0.
GrantReference take_references(std::size_t count) {
    GrantReference before = 0;
    for (GrantReference range = first_free_range; range != 0; range = table[range].frame) {
        const GrantReference found = table[range].domid;
        if (found < count) {
            before = range;
            continue;
        }
        GrantReference next = table[range].frame;
        if (found > count) {
            const GrantReference rest = range + static_cast<GrantReference>(count);
            table[rest].frame = next;
            table[rest].domid = static_cast<domid_t>(found - count);
            next = rest;
        }
        (before == 0 ? first_free_range : table[before].frame) = next;
        return range;
    }
    if (count == 0 || count > most_frames * entries_per_frame ||
        !map_entries(first_unused + static_cast<GrantReference>(count))) {
        return 0;
    }
    const GrantReference first = first_unused;
    first_unused += static_cast<GrantReference>(count);
    return first;
}

} // namespace

GrantReference grant_pages(std::uint16_t domain, const void* memory, std::size_t count) {
    const GrantReference first = take_references(count);
    const std::uint64_t frame = reinterpret_cast<std::uint64_t>(memory) / page_size;
    for (std::size_t i = 0; first != 0 && i < count; ++i) {
        Entry& entry = table[first + i];
        entry.frame = static_cast<std::uint32_t>(frame + i);
        entry.domid = domain;
        // Whoever sees the flags sees the rest too.
        std::atomic_ref(entry.flags).store(GTF_permit_access, std::memory_order_release);
    }
    return first;
}

bool end_grants(GrantReference first, std::size_t count) {
    bool ended = true;
    for (std::size_t i = 0; i < count; ++i) {
        // The hypervisor sets GTF_reading and GTF_writing in the same word while the page is mapped.
        std::uint16_t idle = GTF_permit_access;
        ended = std::atomic_ref(table[first + i].flags).compare_exchange_strong(idle, 0) && ended;
    }
    if (ended) {
        table[first].frame = first_free_range;
        table[first].domid = static_cast<domid_t>(count);
        first_free_range = first;
    }
    return ended;
}

GrantTable grant_table() {
    return {table, mapped_entries};
}

} // namespace unikernel
