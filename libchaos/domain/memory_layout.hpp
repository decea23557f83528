// SPDX-License-Identifier: BSD-3-Clause
// Where things lie in a PVH guest's physical memory.
//
//     0 ── kernel … ramdisk │ special pages │ more low RAM │ window │  hole  │ 4 GiB ── the rest of RAM
//                             reserved        from 1 GiB     reserved, empty
//
// The special pages are the top of low RAM, so that they cost no memory of their own and split no superpage;
// in a guest of more than 1 GiB, the top of the first GiB, because the page tables that a stock Linux kernel
// reads its start info through map no more than that. The lowest of them are the control pages of vifs and vbds.
//
// The window is where control pages of devices that come later are put, one place for each entry of the device page: a
// guest that speaks noxs is told from the start that nothing else may be there. It ends at 3 GiB + 126 pages at most.
#pragma once

#include <cstdint>

#include "libchaos/xen/ids.hpp"

namespace chaos {

class MemoryLayout {
  public:
    /// `memory_kib` as in Flavour: at least minimum_memory_kib, a multiple of 4; `control_pages` for vifs and vbds.
    explicit constexpr MemoryLayout(std::uint64_t memory_kib, std::uint64_t control_pages = 0)
        : low_pages_(memory_kib / 4 < hole_start ? memory_kib / 4 : hole_start),
          high_pages_(memory_kib / 4 - low_pages_), control_pages_(control_pages) {}

    /// RAM from gfn 0, special pages included.
    [[nodiscard]] constexpr std::uint64_t low_pages() const { return low_pages_; }
    /// RAM from 4 GiB up.
    [[nodiscard]] constexpr std::uint64_t high_pages() const { return high_pages_; }
    [[nodiscard]] constexpr std::uint64_t total_pages() const { return low_pages_ + high_pages_; }

    /// Special pages that every guest has.
    static constexpr std::uint64_t common_pages = 5;
    [[nodiscard]] constexpr std::uint64_t special_pages() const { return control_pages_ + common_pages; }
    /// False if the guest has not even room for these.
    [[nodiscard]] constexpr bool has_room() const { return special_pages() < special_end().number; }
    /// The special pages end at 1 GiB at most.
    static constexpr std::uint64_t special_limit = std::uint64_t{1} << 18;
    static constexpr Gfn high_start{std::uint64_t{4} << 18}; // 4 GiB

    [[nodiscard]] constexpr Gfn special_start() const {
        return Gfn{has_room() ? special_end().number - special_pages() : 0};
    }
    [[nodiscard]] constexpr Gfn special_end() const {
        return Gfn{low_pages_ < special_limit ? low_pages_ : special_limit};
    }
    [[nodiscard]] constexpr Gfn control_page(std::uint64_t index) const { return special_start() + index; }
    [[nodiscard]] constexpr Gfn acpi() const { return control_page(control_pages_); }
    [[nodiscard]] constexpr Gfn console() const { return acpi() + 1; }
    [[nodiscard]] constexpr Gfn system() const { return acpi() + 2; }
    [[nodiscard]] constexpr Gfn device_page() const { return acpi() + 3; }
    [[nodiscard]] constexpr Gfn start_info() const { return acpi() + 4; }
    /// Of a stock guest, which has no system device.
    [[nodiscard]] constexpr Gfn store() const { return system(); }

    /// Entries of a device page (noxs/noxs.h: NOXS_ENTRY_COUNT).
    static constexpr std::uint64_t window_pages = 126;
    [[nodiscard]] constexpr Gfn window(std::uint64_t entry = 0) const { return Gfn{low_pages_ + entry}; }

  private:
    static constexpr std::uint64_t hole_start = std::uint64_t{3}
                                                << 18; // 3 GiB: devices and the local APIC lie above

    std::uint64_t low_pages_;
    std::uint64_t high_pages_;
    std::uint64_t control_pages_;
};

} // namespace chaos
