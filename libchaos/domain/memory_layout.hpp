// SPDX-License-Identifier: BSD-3-Clause
// Where things lie in a PVH guest's physical memory.
//
//     0 ── kernel … ramdisk │ special pages │ more low RAM │  hole  │ 4 GiB ── the rest of RAM
//                             reserved        from 1 GiB     from 3 GiB
//
// The special pages are the top of low RAM, so that they cost no memory of their own and split no superpage;
// in a guest of more than 1 GiB, the top of the first GiB, because the page tables that a stock Linux kernel
// reads its start info through map no more than that.
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
    /// The special pages end at 1 GiB at most.
    static constexpr std::uint64_t special_limit = std::uint64_t{1} << 18;
    static constexpr Gfn high_start{std::uint64_t{4} << 18}; // 4 GiB

    [[nodiscard]] constexpr Gfn special_start() const { return Gfn{special_end().number - special_pages}; }
    [[nodiscard]] constexpr Gfn special_end() const {
        return Gfn{low_pages_ < special_limit ? low_pages_ : special_limit};
    }
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

} // namespace chaos
