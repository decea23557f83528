// SPDX-License-Identifier: BSD-3-Clause
// The back-end's side of a console ring (xen/io/console.h) that the guest may fill with anything.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace chaos::xen {

/// What the guest wrote and nobody read yet, taken from the ring at `page`; at most the ring's 2048 bytes.
/// Indices that are further apart than the ring is long lose what was in it: the ring starts anew at the
/// guest's index.
std::string read_console_ring(std::byte* page);

/// Like read_console_ring(), but leaves the ring as it is.
std::string peek_console_ring(const std::byte* page);

/// Appends to the guest's input; returns how many bytes fitted.
std::size_t write_console_ring(std::byte* page, std::span<const char> bytes);

} // namespace chaos::xen
