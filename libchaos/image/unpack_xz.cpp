// SPDX-License-Identifier: BSD-3-Clause
// xz and its predecessor lzma through liblzma.
#include <lzma.h>
#include <memory>

#include "libchaos/image/unpack_streams.hpp"

namespace chaos::unpacking {
namespace {

const char* complaint(lzma_ret status) {
    switch (status) {
    case LZMA_OK:
    case LZMA_STREAM_END:
    case LZMA_BUF_ERROR: // no progress: pump() sees that by itself
        return nullptr;
    case LZMA_MEMLIMIT_ERROR:
        return "it asks for too large a dictionary";
    case LZMA_MEM_ERROR:
        return "there is no memory for its dictionary";
    case LZMA_OPTIONS_ERROR:
        return "it uses an unknown filter";
    default:
        return "liblzma cannot make sense of it";
    }
}

Result<void> run(lzma_stream& stream, lzma_ret started, Reader& reader, Writer& writer) {
    const std::unique_ptr<lzma_stream, decltype(&lzma_end)> guard(&stream, lzma_end);
    if (started != LZMA_OK)
        return Error(ErrorKind::out_of_memory, "liblzma could not start");
    return pump(reader, writer, [&](Bytes input, std::span<unsigned char> output) {
        stream.next_in = input.data();
        stream.avail_in = input.size();
        stream.next_out = output.data();
        stream.avail_out = output.size();
        const lzma_ret status = lzma_code(&stream, LZMA_RUN);
        return Step{input.size() - stream.avail_in, output.size() - stream.avail_out,
                    status == LZMA_STREAM_END, complaint(status)};
    });
}

} // namespace

Result<void> unpack_xz(Reader& reader, Writer& writer) {
    lzma_stream stream = LZMA_STREAM_INIT;
    const lzma_ret started = lzma_stream_decoder(&stream, maximum_dictionary, 0);
    return run(stream, started, reader, writer);
}

Result<void> unpack_lzma(Reader& reader, Writer& writer) {
    lzma_stream stream = LZMA_STREAM_INIT;
    const lzma_ret started = lzma_alone_decoder(&stream, maximum_dictionary);
    return run(stream, started, reader, writer);
}

} // namespace chaos::unpacking
