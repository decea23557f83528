// SPDX-License-Identifier: BSD-3-Clause
// Mapping guest pages, and writing the first page of a guest's grant table.
#include "libchaos/xen/foreign_memory.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>

#include "libchaos/xen/headers.hpp"

namespace chaos::xen {

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    if (this != &other) {
        unmap();
        handle_ = other.handle_;
        address_ = std::exchange(other.address_, nullptr);
        pages_ = other.pages_;
    }
    return *this;
}

void Mapping::unmap() {
    if (address_)
        xenforeignmemory_unmap(handle_, std::exchange(address_, nullptr), pages_);
}

void Mapping::move_to(ForeignMemory& memory) {
    if (address_)
        handle_ = memory.handle_.get();
}

GrantTableMapping::~GrantTableMapping() {
    // Nothing can be done about a mapping that will not go; it goes with the process.
    if (resource_)
        (void)xenforeignmemory_unmap_resource(handle_, resource_);
}

void ForeignMemory::Close::operator()(xenforeignmemory_handle* handle) const {
    xenforeignmemory_close(handle);
}

Result<ForeignMemory> ForeignMemory::open() {
    xenforeignmemory_handle* handle = xenforeignmemory_open(silent_logger(), 0);
    if (!handle)
        return Error::from_errno("opening /dev/xen/privcmd for guest memory", errno);
    return ForeignMemory(handle);
}

Result<Mapping> ForeignMemory::map(DomainId domain, std::span<const std::uint64_t> gfns) {
    static_assert(sizeof(xen_pfn_t) == sizeof(std::uint64_t));
    void* address = xenforeignmemory_map(handle_.get(), raw(domain), PROT_READ | PROT_WRITE, gfns.size(),
                                         reinterpret_cast<const xen_pfn_t*>(gfns.data()), nullptr);
    if (!address)
        return Error::from_errno("mapping guest memory", errno);
    return Mapping(handle_.get(), address, gfns.size());
}

Result<GrantTableMapping> ForeignMemory::seed_grants(DomainId domain, std::span<const GrantSeed> grants) {
    void* address = nullptr;
    auto* resource = xenforeignmemory_map_resource(handle_.get(), raw(domain), XENMEM_resource_grant_table,
                                                   XENMEM_resource_grant_table_id_shared, 0, 1, &address,
                                                   PROT_READ | PROT_WRITE, 0);
    if (!resource)
        return Error::from_errno("mapping the guest's grant table", errno);
    auto* entries = static_cast<grant_entry_v1_t*>(address);
    for (const GrantSeed& grant : grants) {
        grant_entry_v1_t& entry = entries[raw(grant.reference)];
        entry.domid = raw(grant.to);
        entry.frame = static_cast<std::uint32_t>(grant.frame.number);
        // Whoever maps the grant looks at the flags first: they go last.
        std::atomic_ref<std::uint16_t>(entry.flags).store(GTF_permit_access, std::memory_order_release);
    }
    return GrantTableMapping(handle_.get(), resource);
}

} // namespace chaos::xen
