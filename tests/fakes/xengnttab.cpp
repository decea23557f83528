// SPDX-License-Identifier: BSD-3-Clause
// In place of libxengnttab: what pretend guests granted, by the entries of their version 1 grant tables (xen/grant_table.h).
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

#include <xen/grant_table.h>

using chaos::fakes::Domain;
using chaos::fakes::Frame;
using chaos::fakes::MachineMemory;
using chaos::fakes::xen;

namespace {

struct Mapped {
    std::uint16_t domain = 0;
    std::vector<std::uint32_t> references;
};

/// Pages of dom0's own that it granted to itself: by first reference, which count on from a number no guest's table has.
std::map<std::uint32_t, std::pair<std::byte*, std::uint32_t>>& own_pages() {
    static std::map<std::uint32_t, std::pair<std::byte*, std::uint32_t>> pages;
    return pages;
}
std::uint32_t next_own_reference = 1 << 20;

std::byte* own_page(std::uint32_t reference) {
    auto after = own_pages().upper_bound(reference);
    if (after == own_pages().begin())
        return nullptr;
    const auto& [first, run] = *--after;
    return reference - first < run.second ? run.first + (reference - first) * chaos::fakes::frame_size
                                          : nullptr;
}

constexpr std::uint32_t references_per_frame = chaos::fakes::frame_size / sizeof(grant_entry_v1_t);

/// The frame behind a reference, or nothing if dom0 was not granted it (for writing, if that is asked).
std::optional<Frame> granted_frame(Domain& domain, std::uint32_t reference, bool writing) {
    if (!domain.grant_table || reference >= references_per_frame)
        return std::nullopt;
    grant_entry_v1_t entry{};
    std::memcpy(&entry, xen().memory.page(*domain.grant_table) + reference * sizeof entry, sizeof entry);
    if ((entry.flags & GTF_type_mask) != GTF_permit_access || entry.domid != 0 ||
        (writing && (entry.flags & GTF_readonly)))
        return std::nullopt;
    if (domain.hvm)
        return domain.memory.find(entry.frame);
    return domain.memory.owns(entry.frame) ? std::optional(static_cast<Frame>(entry.frame)) : std::nullopt;
}

std::int16_t copy_piece(xengnttab_grant_copy_segment_t& piece) {
    const auto end = [&](xengnttab_grant_copy_segment::xengnttab_copy_ptr& ptr, bool granted,
                         bool writing) -> std::byte* {
        if (!granted)
            return static_cast<std::byte*>(ptr.virt);
        if (ptr.foreign.domid == 0) {
            std::byte* page = own_page(ptr.foreign.ref);
            return page ? page + ptr.foreign.offset : nullptr;
        }
        Domain* domain = xen().find(ptr.foreign.domid);
        if (!domain || domain->dying)
            return nullptr;
        const auto frame = granted_frame(*domain, ptr.foreign.ref, writing);
        return frame ? xen().memory.page(*frame) + ptr.foreign.offset : nullptr;
    };
    const bool from_guest = piece.flags & GNTCOPY_source_gref, to_guest = piece.flags & GNTCOPY_dest_gref;
    if ((from_guest && std::size_t{piece.source.foreign.offset} + piece.len > chaos::fakes::frame_size) ||
        (to_guest && std::size_t{piece.dest.foreign.offset} + piece.len > chaos::fakes::frame_size))
        return GNTST_bad_copy_arg;
    const std::byte* from = end(piece.source, from_guest, false);
    std::byte* to = end(piece.dest, to_guest, true);
    if (!from || !to)
        return GNTST_bad_gntref;
    std::memmove(to, from, piece.len);
    return GNTST_okay;
}

} // namespace

struct xengntdev_handle {
    std::map<void*, Mapped> mappings;
};

extern "C" {

xengnttab_handle* xengnttab_open(xentoollog_logger*, unsigned) {
    if (xen().fails("xengnttab_open"))
        return nullptr;
    ++xen().handles;
    return new xengntdev_handle;
}

int xengnttab_close(xengnttab_handle* handle) {
    xen().note("xengnttab_close");
    if (!handle->mappings.empty())
        xen().complain("granted pages were still mapped when their handle was closed");
    --xen().handles;
    delete handle;
    return 0;
}

void* xengnttab_map_domain_grant_refs(xengnttab_handle* handle, std::uint32_t count, std::uint32_t id,
                                      std::uint32_t* references, int protection) {
    if (xen().fails("xengnttab_map_domain_grant_refs"))
        return nullptr;
    Domain* domain = xen().target(id);
    std::vector<Frame> frames;
    for (std::uint32_t index = 0; domain && index < count; ++index) {
        if (const auto frame = granted_frame(*domain, references[index], protection & PROT_WRITE))
            frames.push_back(*frame);
    }
    if (count == 0 || frames.size() != count) {
        errno = EINVAL;
        return nullptr;
    }
    void* address = xen().memory.map(frames);
    if (!(protection & PROT_WRITE))
        ::mprotect(address, count * chaos::fakes::frame_size, PROT_READ);
    domain->mapped += count;
    Mapped& mapped = handle->mappings[address];
    mapped.domain = domain->id;
    mapped.references.assign(references, references + count);
    for (const std::uint32_t reference : mapped.references)
        ++domain->grants_in_use[reference];
    return address;
}

int xengnttab_unmap(xengnttab_handle* handle, void* address, std::uint32_t count) {
    xen().note("xengnttab_unmap");
    const auto found = handle->mappings.find(address);
    if (found == handle->mappings.end() || found->second.references.size() != count) {
        xen().complain("something was unmapped that is no mapping of granted pages");
        errno = EINVAL;
        return -1;
    }
    Domain& domain = *xen().find(found->second.domain);
    MachineMemory::unmap(address, count);
    for (const std::uint32_t reference : found->second.references) {
        if (--domain.grants_in_use[reference] == 0)
            domain.grants_in_use.erase(reference);
    }
    handle->mappings.erase(found);
    domain.mapped -= count;
    xen().forget_if_unmapped(domain);
    return 0;
}

xengntshr_handle* xengntshr_open(xentoollog_logger*, unsigned) {
    if (xen().fails("xengntshr_open"))
        return nullptr;
    ++xen().handles;
    return new xengntdev_handle;
}

int xengntshr_close(xengntshr_handle* handle) {
    xen().note("xengntshr_close");
    --xen().handles;
    delete handle;
    return 0;
}

void* xengntshr_share_pages(xengntshr_handle*, std::uint32_t id, int count, std::uint32_t* references, int) {
    if (xen().fails("xengntshr_share_pages"))
        return nullptr;
    if (id != 0)
        xen().complain("pages were granted to a guest");
    const auto pages = static_cast<std::uint32_t>(count);
    void* address = ::mmap(nullptr, pages * chaos::fakes::frame_size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    own_pages()[next_own_reference] = {static_cast<std::byte*>(address), pages};
    for (std::uint32_t index = 0; index < pages; ++index)
        references[index] = next_own_reference++;
    return address;
}

int xengntshr_unshare(xengntshr_handle*, void* address, std::uint32_t count) {
    xen().note("xengntshr_unshare");
    for (auto run = own_pages().begin(); run != own_pages().end(); ++run) {
        if (run->second != std::pair(static_cast<std::byte*>(address), count))
            continue;
        own_pages().erase(run);
        return ::munmap(address, count * chaos::fakes::frame_size);
    }
    xen().complain("pages were unshared that were not shared");
    errno = EINVAL;
    return -1;
}

int xengnttab_grant_copy(xengnttab_handle*, std::uint32_t count, xengnttab_grant_copy_segment_t* pieces) {
    if (xen().fails("xengnttab_grant_copy"))
        return -1;
    for (std::uint32_t index = 0; index < count; ++index)
        pieces[index].status = copy_piece(pieces[index]);
    return 0;
}

} // extern "C"
