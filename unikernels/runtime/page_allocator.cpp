// SPDX-License-Identifier: BSD-3-Clause
// First fit over a list of free runs, sorted by address, each described by its own first bytes.
#include "page_allocator.hpp"

#include "boot_info.hpp"
#include "page_table.hpp"
#include "power.hpp"

extern "C" {
extern const char image_end[];
}

namespace unikernel {

namespace {

struct FreeRun {
    FreeRun* next;
    std::size_t pages;

    [[nodiscard]] std::uint64_t begin() const { return reinterpret_cast<std::uint64_t>(this); }
    [[nodiscard]] std::uint64_t end() const { return begin() + pages * page_size; }
};

constinit FreeRun* first_run = nullptr;
constinit bool prepared = false;

/// The lowest range in use that overlaps `range`; `range.end` twice if there is none.
MemoryRange first_used(MemoryRange range) {
    const BootInfo& boot = boot_info();
    MemoryRange found{range.end, range.end};
    const auto consider = [&](MemoryRange used) {
        if (used.overlaps(range) && used.begin < found.begin) {
            found = {page_floor(used.begin), page_ceiling(used.end)};
        }
    };
    consider({0, reinterpret_cast<std::uint64_t>(image_end)});
    for (const auto& table : boot.tables()) {
        consider(table);
    }
    for (const auto& module : boot.modules()) {
        consider(module);
    }
    for (const auto& entry : boot.memory_map()) {
        if (!entry.is_ram) {
            consider(entry.range);
        }
    }
    return found;
}

/// Maps what is free of the RAM within `window` and puts it on the list.
void add_ram_within(MemoryRange window) {
    for (const auto& entry : boot_info().memory_map()) {
        if (!entry.is_ram || !entry.range.overlaps(window)) {
            continue;
        }
        MemoryRange rest{entry.range.begin > window.begin ? page_ceiling(entry.range.begin) : window.begin,
                         entry.range.end < window.end ? page_floor(entry.range.end) : window.end};
        while (rest.begin < rest.end) {
            const MemoryRange used = first_used(rest);
            // A module's end may be any number: never step back.
            const std::uint64_t run_end = used.begin > rest.begin ? used.begin : rest.begin;
            if (run_end > rest.begin && map_identity({rest.begin, run_end})) {
                free_pages(reinterpret_cast<void*>(rest.begin), (run_end - rest.begin) / page_size);
            }
            rest.begin = used.end > run_end ? used.end : rest.end;
        }
    }
}

/// What the runtime may have to reach later, the console and the pages shared with the hypervisor, gets its
/// page directories now: the application may leave no memory for them.
void reach_the_rest() {
    const std::uint64_t shared = boot_info().first_free_address();
    bool reached = map_identity({shared, shared + BootInfo::window_pages * page_size});
    for (const auto& entry : boot_info().memory_map()) {
        if (!entry.is_ram && entry.range.end <= 4 * gibibyte) {
            reached = map_identity(entry.range) && reached;
        }
    }
    if (!reached) {
        panic("no memory for page tables");
    }
}

void prepare() {
    prepared = true;
    // Every further GiB needs a page directory, which comes out of what was added before it.
    const std::uint64_t end = 512 * gibibyte;
    for (std::uint64_t begin = 0; begin < end; begin += gibibyte) {
        const MemoryRange window{begin, begin + gibibyte};
        if (boot_info().overlaps_ram(window)) {
            add_ram_within(window);
        }
    }
    reach_the_rest();
}

} // namespace

void* allocate_pages(std::size_t count) {
    if (!prepared) {
        prepare();
    }
    if (count == 0) {
        return nullptr;
    }
    for (FreeRun** link = &first_run; *link != nullptr; link = &(*link)->next) {
        FreeRun* const run = *link;
        if (run->pages < count) {
            continue;
        }
        if (run->pages == count) {
            *link = run->next;
        } else {
            auto* rest = reinterpret_cast<FreeRun*>(run->begin() + count * page_size);
            *rest = {run->next, run->pages - count};
            *link = rest;
        }
        return run;
    }
    return nullptr;
}

void free_pages(void* pages, std::size_t count) {
    if (pages == nullptr || count == 0) {
        return;
    }
    auto* run = static_cast<FreeRun*>(pages);
    FreeRun* before = nullptr;
    FreeRun* after = first_run;
    while (after != nullptr && after < run) {
        before = after;
        after = after->next;
    }
    *run = {after, count};
    if (after != nullptr && run->end() == after->begin()) {
        *run = {after->next, count + after->pages};
    }
    if (before == nullptr) {
        first_run = run;
    } else if (before->end() == run->begin()) {
        *before = {run->next, before->pages + run->pages};
    } else {
        before->next = run;
    }
}

std::size_t largest_free_run() {
    if (!prepared) {
        prepare();
    }
    std::size_t largest = 0;
    for (const FreeRun* run = first_run; run != nullptr; run = run->next) {
        largest = run->pages > largest ? run->pages : largest;
    }
    return largest;
}

} // namespace unikernel
