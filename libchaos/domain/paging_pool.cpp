// SPDX-License-Identifier: BSD-3-Clause
// How large a guest's paging pool must be.
#include "libchaos/domain/paging_pool.hpp"

namespace chaos {

std::uint64_t paging_pool_bytes(const MemoryLayout& layout, const Flavour& flavour) {
    // Four levels on the way to RAM, up to three new tables for the shared info page beyond it, and some to
    // spare.
    constexpr std::uint64_t smallest = 12;
    constexpr std::uint64_t entries = 512;     // of one page table
    constexpr std::uint64_t stock_extra = 240; // a stock kernel maps grants and rings at frames of its choice
    const std::uint64_t tables = layout.total_pages() / entries;
    const std::uint64_t upper = tables / entries + 1;
    const std::uint64_t extra = flavour.platform == Platform::stock ? stock_extra : 0;
    return (smallest + tables + upper + flavour.vcpus + extra) * page_size;
}

} // namespace chaos
