// SPDX-License-Identifier: BSD-3-Clause
// Unpacks a compressed kernel: gzip, xz, lzma, bzip2, zstd and LZ4, told apart by their first bytes.
#pragma once

#include <cstddef>
#include <span>

#include "libchaos/image/bzimage.hpp"

namespace chaos {

/// Takes the unpacked bytes, in order.
class ByteSink {
  public:
    virtual ~ByteSink() = default;
    [[nodiscard]] virtual Result<void> write(std::span<const unsigned char> bytes) = 0;
};

/// Succeeds only if exactly `payload.unpacked_size` bytes came out; never writes more.
Result<void> unpack_payload(const ByteSource& source, const BzImagePayload& payload, ByteSink& sink);

} // namespace chaos
