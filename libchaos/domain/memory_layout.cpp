// SPDX-License-Identifier: BSD-3-Clause
// How large a guest's paging pool must be.
#include "libchaos/domain/memory_layout.hpp"

namespace chaos {

std::uint64_t paging_pool_bytes(const MemoryLayout& layout, std::uint32_t vcpus, bool stock) {
    constexpr std::uint64_t smallest = 16; // what Xen needs to start a one-vCPU domain, with a little left
    constexpr std::uint64_t pages_per_table = 512; // entries of one page table page
    constexpr std::uint64_t stock_extra =
        240; // a stock kernel maps grants and ring pages at frames of its choice
    const std::uint64_t tables = layout.total_pages() / pages_per_table;
    const std::uint64_t upper = tables / pages_per_table + 1;
    return (smallest + tables + upper + vcpus + (stock ? stock_extra : 0)) * page_size;
}

} // namespace chaos
