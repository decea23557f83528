// SPDX-License-Identifier: BSD-3-Clause
// Whole pages of RAM, physically contiguous. Prepared at the first call: a guest that never asks never pays.
// Not for event handlers.
#pragma once

#include <cstddef>

namespace unikernel {

/// `count` contiguous pages with whatever contents, or nullptr.
[[nodiscard]] void* allocate_pages(std::size_t count);

/// Gives back `count` pages from `pages` on; parts of an allocation may be given back by themselves.
void free_pages(void* pages, std::size_t count);

/// The size, in pages, of the largest allocation that would succeed now.
[[nodiscard]] std::size_t largest_free_run();

} // namespace unikernel
