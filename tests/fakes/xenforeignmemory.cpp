// SPDX-License-Identifier: BSD-3-Clause
// In place of libxenforeignmemory: pages of pretend guests, really mapped.
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

using chaos::fakes::Domain;
using chaos::fakes::Frame;
using chaos::fakes::MachineMemory;
using chaos::fakes::xen;

struct xenforeignmemory_handle {};

struct xenforeignmemory_resource_handle {
    void* address;
};

namespace {

/// Of all handles, because that is how Linux has it: a mapping is the process's, and outlives the handle it was made with.
/// By address: the domain and the number of pages.
std::map<void*, std::pair<std::uint16_t, std::size_t>> mappings;
std::size_t open_handles = 0;

void* map(Domain& domain, const std::vector<Frame>& frames) {
    void* address = xen().memory.map(frames);
    domain.mapped += frames.size();
    mappings[address] = {domain.id, frames.size()};
    return address;
}

bool unmap(void* address, std::size_t pages) {
    const auto found = mappings.find(address);
    if (found == mappings.end() || found->second.second != pages) {
        xen().complain("something was unmapped that is no mapping");
        errno = EINVAL;
        return false;
    }
    Domain& domain = *xen().find(found->second.first);
    MachineMemory::unmap(address, pages);
    mappings.erase(found);
    domain.mapped -= pages;
    xen().forget_if_unmapped(domain);
    return true;
}

} // namespace

extern "C" {

xenforeignmemory_handle* xenforeignmemory_open(xentoollog_logger*, unsigned) {
    if (xen().fails("xenforeignmemory_open"))
        return nullptr;
    ++xen().handles;
    ++open_handles;
    return new xenforeignmemory_handle;
}

int xenforeignmemory_close(xenforeignmemory_handle* handle) {
    xen().note("xenforeignmemory_close");
    if (--open_handles == 0 && !mappings.empty())
        xen().complain("guest memory was still mapped when the last handle was closed");
    --xen().handles;
    delete handle;
    return 0;
}

void* xenforeignmemory_map(xenforeignmemory_handle*, std::uint32_t id, int, std::size_t pages,
                           const xen_pfn_t gfns[], int errors[]) {
    if (xen().fails("xenforeignmemory_map"))
        return nullptr;
    Domain* domain = xen().target(id);
    if (!domain)
        return nullptr;
    std::vector<Frame> frames;
    for (std::size_t index = 0; index < pages; ++index) {
        auto frame = domain->memory.find(gfns[index]);
        if (!domain->hvm) // a PV guest's pages are asked for by machine frame
            frame = domain->memory.owns(static_cast<Frame>(gfns[index]))
                        ? std::optional(static_cast<Frame>(gfns[index]))
                        : std::nullopt;
        if (!frame) {
            if (errors)
                xen().complain("partial mappings are not faked");
            errno = EINVAL;
            return nullptr;
        }
        frames.push_back(*frame);
    }
    return map(*domain, frames);
}

int xenforeignmemory_unmap(xenforeignmemory_handle*, void* address, std::size_t pages) {
    xen().note("xenforeignmemory_unmap");
    return unmap(address, pages) ? 0 : -1;
}

xenforeignmemory_resource_handle* xenforeignmemory_map_resource(xenforeignmemory_handle*, domid_t id,
                                                                unsigned type, unsigned resource,
                                                                unsigned long frame, unsigned long count,
                                                                void** address, int, int) {
    if (xen().fails("xenforeignmemory_map_resource"))
        return nullptr;
    Domain* domain = xen().target(id);
    if (!domain)
        return nullptr;
    if (type != XENMEM_resource_grant_table || resource != XENMEM_resource_grant_table_id_shared ||
        frame != 0 || count != 1 || domain->max_grant_frames < 1) {
        errno = EINVAL;
        return nullptr;
    }
    if (!domain->grant_table) {
        domain->grant_table = xen().memory.allocate();
        if (!domain->grant_table) {
            errno = ENOMEM;
            return nullptr;
        }
        std::memset(xen().memory.page(*domain->grant_table), 0, chaos::fakes::frame_size);
    }
    *address = map(*domain, {*domain->grant_table});
    return new xenforeignmemory_resource_handle{*address};
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle*, xenforeignmemory_resource_handle* resource) {
    xen().note("xenforeignmemory_unmap_resource");
    const bool unmapped = unmap(resource->address, 1);
    delete resource;
    return unmapped ? 0 : -1;
}

} // extern "C"
