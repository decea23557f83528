// SPDX-License-Identifier: BSD-3-Clause
// What new and delete have done so far.
#pragma once

#include <cstddef>

namespace unikernel {

/// Bytes that are in use now, as the heap rounds them up.
[[nodiscard]] std::size_t heap_in_use();

} // namespace unikernel
