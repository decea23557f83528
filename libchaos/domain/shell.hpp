// SPDX-License-Identifier: BSD-3-Clause
// A shell: a prepared domain with memory, vCPUs, special pages and event channels, that only lacks a kernel.
#pragma once

#include "libchaos/domain/domain_guard.hpp"
#include "libchaos/domain/flavour.hpp"
#include "libchaos/domain/memory_layout.hpp"
#include "libchaos/state/record.hpp"
#include "libchaos/xen/foreign_memory.hpp"

namespace chaos {

/// Move-only; destroys its domain unless execute() makes a guest of it. The Host it came from must outlive
/// it.
struct Shell {
    // The order matters: the mapping is undone before the domain is destroyed, or the domain would stay as a
    // zombie.
    DomainGuard domain;
    Flavour flavour;
    MemoryLayout layout;
    xen::Mapping special; ///< PVH: the layout's special pages, in its order; unmapped for PV
    std::optional<DeviceLocation> system;
    std::optional<DeviceLocation> console;

    /// A special page of a PVH shell.
    [[nodiscard]] std::byte* page(Gfn frame) const {
        return special.page(frame.number - layout.special_start().number);
    }
};

} // namespace chaos
