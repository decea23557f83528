// SPDX-License-Identifier: BSD-3-Clause
// Where things lie in a PVH guest's physical memory.
//
//     0 ─────────── kernel … ramdisk │ special pages │  hole  │ 4 GiB ── the rest of RAM
//                                      reserved        from 3 GiB at most
//
// The special pages are the top of low RAM, so that they cost no memory of their own and split no superpage.
#pragma once

#include <cstdint>

#include "libchaos/xen/ids.hpp"

namespace chaos {

class MemoryLayout {
  public:
    /// `memory_kib` as in Flavour: at least minimum_memory_kib, a multiple of 4.
    explicit constexpr MemoryLayout(std::uint64_t memory_kib)
        : low_pages_(memory_kib / 4 < hole_start ? memory_kib / 4 : hole_start),
          high_pages_(memory_kib / 4 - low_pages_) {}

    /// RAM from gfn 0, special pages included.
    [[nodiscard]] constexpr std::uint64_t low_pages() const { return low_pages_; }
    /// RAM from 4 GiB up.
    [[nodiscard]] constexpr std::uint64_t high_pages() const { return high_pages_; }
    [[nodiscard]] constexpr std::uint64_t total_pages() const { return low_pages_ + high_pages_; }

    static constexpr std::uint64_t special_pages = 5;
    static constexpr Gfn high_start{std::uint64_t{4} << 18}; // 4 GiB

    [[nodiscard]] constexpr Gfn special_start() const { return Gfn{low_pages_ - special_pages}; }
    [[nodiscard]] constexpr Gfn acpi() const { return special_start(); }
    [[nodiscard]] constexpr Gfn console() const { return special_start() + 1; }
    [[nodiscard]] constexpr Gfn system() const { return special_start() + 2; }
    [[nodiscard]] constexpr Gfn device_page() const { return special_start() + 3; }
    [[nodiscard]] constexpr Gfn start_info() const { return special_start() + 4; }

  private:
    static constexpr std::uint64_t hole_start = std::uint64_t{3}
                                                << 18; // 3 GiB: devices and the local APIC lie above

    std::uint64_t low_pages_;
    std::uint64_t high_pages_;
};

/// Bytes of the pool that Xen takes the guest's page tables from: room for every 2 MiB of RAM split into 4
/// KiB pages, the upper levels, and the few frames a guest maps beyond its RAM. (Xen gives each domain 1 MiB
/// if nobody says otherwise.)
[[nodiscard]] std::uint64_t paging_pool_bytes(const MemoryLayout& layout, std::uint32_t vcpus, bool stock);

} // namespace chaos
