// SPDX-License-Identifier: BSD-3-Clause
// Self-granted pages over libxengnttab's xengntshr_* (/dev/xen/gntalloc).
#include "libchaos/xen/own_pages.hpp"

#include <cerrno>
#include <string>

#include "libchaos/xen/headers.hpp"

namespace chaos::xen {

Result<OwnPages> OwnPages::allocate(std::uint32_t count) {
    OwnPages pages;
    pages.handle_ = xengntshr_open(silent_logger(), 0);
    if (!pages.handle_)
        return Error::from_errno("opening /dev/xen/gntalloc", errno).advise("Load the module xen-gntalloc.");
    pages.references_.resize(count);
    pages.address_ = xengntshr_share_pages(pages.handle_, raw(this_domain), static_cast<int>(count),
                                           pages.references_.data(), 1);
    if (!pages.address_)
        return Error::from_errno("granting " + std::to_string(count) + " pages of our own", errno)
            .advise(
                "Raise the limit of the module xen-gntalloc (/sys/module/xen_gntalloc/parameters/limit).");
    return pages;
}

OwnPages& OwnPages::operator=(OwnPages&& other) noexcept {
    if (this != &other) {
        release();
        handle_ = std::exchange(other.handle_, nullptr);
        address_ = std::exchange(other.address_, nullptr);
        references_ = std::move(other.references_);
    }
    return *this;
}

void OwnPages::release() {
    if (address_)
        xengntshr_unshare(handle_, address_, static_cast<std::uint32_t>(references_.size()));
    if (handle_)
        xengntshr_close(handle_);
    address_ = nullptr;
    handle_ = nullptr;
}

std::optional<GrantCopyEnd> OwnPages::find(const void* address) const {
    // As numbers: most addresses that are asked for belong to something else. One before the pages is far behind them.
    const auto offset =
        reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(address_);
    if (!address_ || offset >= references_.size() * page_size)
        return std::nullopt;
    GrantCopyEnd end{};
    end.granted = {references_[offset / page_size], static_cast<std::uint16_t>(offset % page_size),
                   raw(this_domain)};
    return end;
}

} // namespace chaos::xen
