// SPDX-License-Identifier: BSD-3-Clause
// bzip2 through libbz2.
#include <bzlib.h>
#include <memory>

#include "libchaos/image/unpack_streams.hpp"

namespace chaos::unpacking {

Result<void> unpack_bzip2(Reader& reader, Writer& writer) {
    bz_stream stream = {};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK)
        return Error(ErrorKind::out_of_memory, "libbz2 could not start");
    const std::unique_ptr<bz_stream, decltype(&BZ2_bzDecompressEnd)> guard(&stream, BZ2_bzDecompressEnd);
    return pump(reader, writer, [&](Bytes input, std::span<unsigned char> output) {
        // libbz2 does not write to its input.
        stream.next_in = reinterpret_cast<char*>(const_cast<unsigned char*>(input.data()));
        stream.avail_in = static_cast<unsigned>(input.size());
        stream.next_out = reinterpret_cast<char*>(output.data());
        stream.avail_out = static_cast<unsigned>(output.size());
        const int status = BZ2_bzDecompress(&stream);
        return Step{input.size() - stream.avail_in, output.size() - stream.avail_out, status == BZ_STREAM_END,
                    status == BZ_OK || status == BZ_STREAM_END ? nullptr : "libbz2 cannot make sense of it"};
    });
}

} // namespace chaos::unpacking
