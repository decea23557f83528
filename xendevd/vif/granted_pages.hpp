// SPDX-License-Identifier: BSD-3-Clause
// Pages that a guest leaves granted while it is connected (NOXS_VIF_PERSISTENT): mapped on first sight, kept mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libchaos/xen/grant_table.hpp"

namespace xendevd {

class GrantedPages {
  public:
    /// docs/noxs.md, section 5: so many pages per device.
    static constexpr std::size_t most_pages = 512;

    GrantedPages() = default;
    GrantedPages(chaos::xen::GrantTable& grants, chaos::DomainId domain)
        : grants_(&grants), domain_(domain) {}

    /// The page behind `reference`, or nullptr if it is not mapped.
    [[nodiscard]] std::byte* find(std::uint32_t reference, chaos::xen::GrantAccess access) const;
    /// Maps those of `references` that are not yet, in one system call. Those that cannot be mapped - bad ones, or more
    /// than the limit, or the host has no room - stay unmapped and are for the caller to copy.
    void map(std::span<const std::uint32_t> references, chaos::xen::GrantAccess access);
    void clear();

  private:
    /// An open-addressed table, because it is looked at for every frame.
    struct Entry {
        std::uint64_t key = 0; ///< 0: free
        std::byte* page = nullptr;
    };
    static std::uint64_t key_of(std::uint32_t reference, chaos::xen::GrantAccess access) {
        return (std::uint64_t{reference} << 1 | (access == chaos::xen::GrantAccess::read_write ? 1 : 0)) + 1;
    }
    void insert(std::uint64_t key, std::byte* page);
    void grow();
    bool map_group(std::span<const chaos::GrantReference> references, chaos::xen::GrantAccess access);

    chaos::xen::GrantTable* grants_ = nullptr;
    chaos::DomainId domain_{};
    std::vector<chaos::xen::GrantMapping> mappings_;
    std::vector<Entry> table_; ///< a power of two, at most half full
    std::size_t used_ = 0;
    bool is_refused_ =
        false; ///< a mapping failed: none is tried again, so that no guest makes the host try for ever
};

} // namespace xendevd
