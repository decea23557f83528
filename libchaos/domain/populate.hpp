// SPDX-License-Identifier: BSD-3-Clause
// Giving a domain its memory.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/memory_layout.hpp"

namespace chaos {

/// Populates the layout's RAM, in 2 MiB pages where they fit and the host has them, else in 4 KiB pages.
Result<void> populate_memory(Host& host, DomainId domain, const MemoryLayout& layout, int stop_fd);

/// An out_of_memory Error that says how much was wanted and how much the host has.
Error not_enough_memory(Host& host, std::uint64_t wanted_kib, Error cause);

} // namespace chaos
