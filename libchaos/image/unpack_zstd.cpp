// SPDX-License-Identifier: BSD-3-Clause
// zstd through libzstd.
#include <memory>
#include <zstd.h>

#include "libchaos/image/unpack_streams.hpp"

namespace chaos::unpacking {

Result<void> unpack_zstd(Reader& reader, Writer& writer) {
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                            ZSTD_freeDStream);
    if (!stream)
        return Error(ErrorKind::out_of_memory, "libzstd could not start");
    // libzstd refuses windows beyond 128 MiB by itself, which is what Linux packs with.
    return pump(reader, writer, [&](Bytes input, std::span<unsigned char> output) {
        ZSTD_inBuffer from{input.data(), input.size(), 0};
        ZSTD_outBuffer to{output.data(), output.size(), 0};
        const std::size_t status = ZSTD_decompressStream(stream.get(), &to, &from);
        if (ZSTD_isError(status))
            return Step{0, 0, false, ZSTD_getErrorName(status)};
        return Step{from.pos, to.pos, status == 0, nullptr};
    });
}

} // namespace chaos::unpacking
