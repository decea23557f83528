// SPDX-License-Identifier: BSD-3-Clause
// Grant mappings and copies over libxengnttab.
#include "libchaos/xen/grant_table.hpp"

#include <sys/mman.h>

#include <array>
#include <cerrno>

#include "libchaos/xen/headers.hpp"

namespace chaos::xen {

static_assert(sizeof(GrantCopy) == sizeof(xengnttab_grant_copy_segment_t) &&
              offsetof(GrantCopy, destination) == offsetof(xengnttab_grant_copy_segment_t, dest) &&
              offsetof(GrantCopy, length) == offsetof(xengnttab_grant_copy_segment_t, len) &&
              offsetof(GrantCopy, status) == offsetof(xengnttab_grant_copy_segment_t, status));
static_assert(GrantCopy::source_granted == GNTCOPY_source_gref &&
              GrantCopy::destination_granted == GNTCOPY_dest_gref);
static_assert(sizeof(GrantReference) == sizeof(std::uint32_t));

namespace {

constexpr std::size_t most_pages = 512;

} // namespace

GrantMapping& GrantMapping::operator=(GrantMapping&& other) noexcept {
    if (this != &other) {
        unmap();
        handle_ = other.handle_;
        address_ = std::exchange(other.address_, nullptr);
        pages_ = other.pages_;
    }
    return *this;
}

void GrantMapping::unmap() {
    if (address_)
        xengnttab_unmap(handle_, address_, pages_);
    address_ = nullptr;
}

void GrantTable::Close::operator()(xengntdev_handle* handle) const {
    xengnttab_close(handle);
}

Result<GrantTable> GrantTable::open() {
    xengntdev_handle* handle = xengnttab_open(silent_logger(), 0);
    if (!handle)
        return Error::from_errno("opening /dev/xen/gntdev", errno);
    return GrantTable(handle);
}

Result<GrantMapping> GrantTable::map(DomainId domain, std::span<const GrantReference> references,
                                     GrantAccess access) {
    if (references.empty() || references.size() > most_pages)
        return Error(ErrorKind::invalid_argument, "mapping " + std::to_string(references.size()) +
                                                      " granted pages at once: 1 to 512 are possible");
    std::array<std::uint32_t, most_pages> raw_references;
    for (std::size_t index = 0; index < references.size(); ++index)
        raw_references[index] = raw(references[index]);
    const auto count = static_cast<std::uint32_t>(references.size());
    const int protection = access == GrantAccess::read_write ? PROT_READ | PROT_WRITE : PROT_READ;
    void* address =
        xengnttab_map_domain_grant_refs(handle_.get(), count, raw(domain), raw_references.data(), protection);
    if (!address)
        return Error::from_errno("mapping pages that the guest granted", errno);
    return GrantMapping(handle_.get(), address, count);
}

Result<void> GrantTable::copy(std::span<GrantCopy> copies) {
    if (copies.empty())
        return {};
    if (xengnttab_grant_copy(handle_.get(), static_cast<std::uint32_t>(copies.size()),
                             reinterpret_cast<xengnttab_grant_copy_segment_t*>(copies.data())) != 0)
        return Error::from_errno("copying from or to pages that the guest granted", errno);
    return {};
}

} // namespace chaos::xen
