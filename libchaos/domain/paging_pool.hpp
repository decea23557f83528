// SPDX-License-Identifier: BSD-3-Clause
// The pool that Xen takes a PVH guest's page tables from.
#pragma once

#include "libchaos/domain/flavour.hpp"
#include "libchaos/domain/memory_layout.hpp"

namespace chaos {

/// Bytes that a guest's pool needs: room for every 2 MiB of RAM split into 4 KiB pages, the upper levels, a
/// page per vCPU, and the frames that the guest maps beyond its RAM.
[[nodiscard]] std::uint64_t paging_pool_bytes(const MemoryLayout& layout, const Flavour& flavour);

} // namespace chaos
