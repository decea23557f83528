// SPDX-License-Identifier: BSD-3-Clause
// What the ELF notes of a kernel say to a Xen toolstack.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "libchaos/result.hpp"

namespace chaos {

/// Collected over all note segments of a file. Where a note comes twice the last one counts.
struct NoteFindings {
    std::optional<std::uint32_t> pvh_entry;
    std::optional<std::uint32_t> noxs_version;
    bool xen_version = false;
    bool virtual_base = false;
    bool entry = false;
    bool hypercall_page = false;

    /// Kernels built for PVH alone carry the version and hypercall page notes too; only a paravirtual one
    /// says where it lives in virtual memory. Old ones may leave that out, but they have no PVH entry either.
    [[nodiscard]] bool says_paravirtual() const {
        return xen_version && (virtual_base || entry || (hypercall_page && !pvh_entry));
    }
};

/// Walks one note segment, names and descriptors padded to `alignment` (4 or 8), and adds what it finds.
Result<void> scan_notes(std::span<const unsigned char> notes, std::size_t alignment, NoteFindings& findings);

} // namespace chaos
