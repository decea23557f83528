// SPDX-License-Identifier: BSD-3-Clause
// gzip through zlib.
#include <memory>
#include <zlib.h>

#include "libchaos/image/unpack_streams.hpp"

namespace chaos::unpacking {

Result<void> unpack_gzip(Reader& reader, Writer& writer) {
    z_stream stream = {};
    constexpr int gzip_format_with_largest_window = 16 + MAX_WBITS;
    if (inflateInit2(&stream, gzip_format_with_largest_window) != Z_OK)
        return Error(ErrorKind::out_of_memory, "zlib could not start");
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, inflateEnd);

    return pump(reader, writer, [&](Bytes input, std::span<unsigned char> output) {
        stream.next_in = const_cast<unsigned char*>(input.data()); // zlib does not write to it
        stream.avail_in = static_cast<uInt>(input.size());
        stream.next_out = output.data();
        stream.avail_out = static_cast<uInt>(output.size());
        const int status = inflate(&stream, Z_NO_FLUSH);
        Step step{input.size() - stream.avail_in, output.size() - stream.avail_out};
        step.finished = status == Z_STREAM_END;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            step.broken = stream.msg != nullptr ? stream.msg : "zlib gives no reason";
        return step;
    });
}

} // namespace chaos::unpacking
