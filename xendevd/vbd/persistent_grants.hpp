// SPDX-License-Identifier: BSD-3-Clause
// Data pages of a guest that stay mapped, because the guest promised to use the same ones again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libchaos/xen/grant_table.hpp"
#include "libchaos/xen/ids.hpp"

namespace xendevd {

/// How many mappings the disks of all guests may keep: each is an area of this process's address space, of which Linux
/// allows 65530 (vm.max_map_count).
struct MappingBudget {
    std::size_t left = 24576;
};

class PersistentGrants {
  public:
    /// Keeps up to `most_pages` mapped.
    PersistentGrants(chaos::xen::GrantTable& grants, chaos::DomainId domain, MappingBudget& budget,
                     std::size_t most_pages)
        : grants_(grants), domain_(domain), budget_(budget), most_pages_(most_pages) {}
    PersistentGrants(const PersistentGrants&) = delete;
    PersistentGrants& operator=(const PersistentGrants&) = delete;
    ~PersistentGrants();

    /// Where the page of `reference` is mapped, or nothing. It stays there until request number `use` is finished.
    std::byte* find(std::uint32_t reference, std::uint64_t use);
    /// Maps what is not; at most 256 references, which may repeat. Requests up to number `finished` are over: what only they used may
    /// make room. False if not all could be mapped; the data must be copied then.
    bool map(std::span<const std::uint32_t> references, std::uint64_t use, std::uint64_t finished);

    [[nodiscard]] std::size_t pages() const { return pages_; }

  private:
    /// Pages mapped by one call lie side by side and are unmapped together.
    struct Group {
        chaos::xen::GrantMapping mapping;
        std::vector<std::uint32_t> references;
        std::uint64_t last_use = 0;
    };
    /// Where a reference is: group + 1, page within it; 0: not mapped.
    struct Place {
        std::uint16_t group = 0;
        std::uint16_t page = 0;
    };
    bool make_room(std::size_t pages, std::uint64_t finished);
    void unmap(Group& group);

    chaos::xen::GrantTable& grants_;
    chaos::DomainId domain_;
    MappingBudget& budget_;
    std::size_t most_pages_;
    std::size_t pages_ = 0;
    unsigned refusals_ = 0;
    std::vector<Place> places_; // by reference
    std::vector<Group> groups_;
    std::vector<std::uint16_t> free_groups_;
    std::vector<chaos::GrantReference> missing_;
};

} // namespace xendevd
