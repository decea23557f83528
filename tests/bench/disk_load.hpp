// SPDX-License-Identifier: BSD-3-Clause
// Reads a block device past all caches, several requests at once, and says how long that took.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

/// Reads `count` times `size` bytes, `depth` requests at a time; `pattern` is "random" or "sequential".
/// One JSON object; with a member "error" if it could not be done.
std::string disk_load(const std::string& device, const std::string& pattern, std::uint64_t size,
                      std::uint64_t count, std::uint64_t depth);

} // namespace bench
