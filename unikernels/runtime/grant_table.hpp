// SPDX-License-Identifier: BSD-3-Clause
// Lets other domains reach pages of ours (xen/grant_table.h, version 1). The first grant maps the table; a guest
// that never grants has none. Not for event handlers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace unikernel {

using GrantReference = std::uint32_t;

/// Grants `count` pages from `memory` on, page by page, to `domain`, for reading and writing. Returns the first of as many
/// references that follow one another, or 0 when the table is full.
[[nodiscard]] GrantReference grant_pages(std::uint16_t domain, const void* memory, std::size_t count);

/// Takes back what one grant_pages() gave. False if the other domain still has some of it mapped: then these references
/// and their pages are lost for good, and must not be used again.
[[nodiscard]] bool end_grants(GrantReference first, std::size_t count);

/// Where the entries of the table lie. For those that want to do harm with them.
struct GrantTable {
    void* memory;
    std::size_t entries;
};
GrantTable grant_table();

} // namespace unikernel
