// SPDX-License-Identifier: BSD-3-Clause
// Finds the compressed kernel inside a Linux bzImage (Linux: Documentation/x86/boot.rst).
#pragma once

#include <cstdint>

#include "libchaos/image/kernel.hpp"

namespace chaos {

/// The largest kernel that is unpacked: ten times a distribution's, and what bounds the damage of a hostile
/// file.
constexpr std::uint64_t maximum_unpacked_size = std::uint64_t{1} << 30;

/// Where the compressed kernel lies in the file, and how large the file says it will be.
struct BzImagePayload {
    std::uint64_t offset = 0;
    std::uint64_t length =
        0; ///< inside the file; the size that is stored behind the compressed data not counted
    std::uint32_t unpacked_size = 0;
};

/// Reads the setup header; nothing if this is no bzImage.
Result<std::optional<BzImagePayload>> find_bzimage_payload(const ByteSource& source);

} // namespace chaos
