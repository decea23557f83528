// SPDX-License-Identifier: BSD-3-Clause
// A shell: a prepared domain with memory, vCPUs, special pages and event channels, that only lacks a kernel.
#pragma once

#include "libchaos/domain/backend_guard.hpp"
#include "libchaos/domain/domain_guard.hpp"
#include "libchaos/domain/flavour.hpp"
#include "libchaos/domain/memory_layout.hpp"
#include "libchaos/domain/registration_guard.hpp"
#include "libchaos/state/record.hpp"
#include "libchaos/xen/foreign_memory.hpp"

namespace chaos {

/// Move-only; destroys its domain unless execute() makes a guest of it. The Host it came from must outlive
/// it.
struct Shell {
    // The order matters: the mappings are undone before the domain is destroyed, or the domain would stay as
    // a zombie.
    DomainGuard domain;
    Uuid uuid;
    Flavour flavour;
    MemoryLayout layout;
    RegistrationGuard registration = {};         ///< once xenstored knows of it
    std::vector<VifConfig> registered_vifs = {}; ///< as they are in xenstored
    BackendGuard backends = {};                  ///< once xendevd serves it
    /// PVH: the special pages that the platform uses, then the pages of a small kernel that is known already.
    xen::Mapping pages = {};
    Gfn first_special{};                ///< the first page of `pages`
    Gfn image_start{};                  ///< where the kernel's pages start in the guest
    std::uint64_t image_pages = 0;      ///< how many of them are mapped; 0 if none
    xen::GrantTableMapping grants = {}; ///< no longer used, but to be undone without haste
    std::optional<DeviceLocation> system = {};
    std::optional<DeviceLocation> console = {};
    std::optional<DeviceLocation> store = {}; ///< of a stock guest, or a registered one
    std::vector<DeviceSlot> slots = {};       ///< of a guest that speaks noxs: its vifs, then its vbds

    /// A special page of a PVH shell.
    [[nodiscard]] std::byte* page(Gfn frame) const { return pages.page(frame.number - first_special.number); }
    /// The first of the kernel's pages, if image_pages is not 0.
    [[nodiscard]] std::byte* image() const {
        return pages.page(layout.special_end().number - first_special.number);
    }
};

} // namespace chaos
