// SPDX-License-Identifier: BSD-3-Clause
// The identity map: a guest-physical address, once mapped, is a pointer.
#pragma once

#include "boot_info.hpp"

namespace unikernel {

/// Makes every page that `range` touches readable and writable, except page 0. What is mapped already stays
/// as it is. Beyond the first 2 MiB neighbours up to the next 2 MiB boundary come along. False if there is no
/// memory for a table, or if `range` ends above 512 GiB.
[[nodiscard]] bool map_identity(MemoryRange range);

} // namespace unikernel
