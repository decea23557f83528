// SPDX-License-Identifier: BSD-3-Clause
// Calls the compressors behind the decompressors under test.
#include "bzimage_builder.hpp"

#include <algorithm>
#include <bzlib.h>
#include <cstdlib>
#include <cstring>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace chaos::test {
namespace {

void must(bool worked) {
    if (!worked)
        std::abort();
}

unsigned char* data(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* data(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string with_room(std::string_view content) {
    return std::string(content.size() * 2 + 4096, '\0');
}

void put(std::string& file, std::size_t offset, std::uint32_t value, std::size_t size) {
    std::memcpy(file.data() + offset, &value, size);
}

std::string little_endian(std::size_t value) {
    std::string bytes(4, '\0');
    put(bytes, 0, static_cast<std::uint32_t>(value), 4);
    return bytes;
}

std::string run_lzma(lzma_stream& stream, std::string_view content) {
    std::string packed = with_room(content);
    stream.next_in = data(content);
    stream.avail_in = content.size();
    stream.next_out = data(packed);
    stream.avail_out = packed.size();
    must(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
    packed.resize(stream.total_out);
    lzma_end(&stream);
    return packed;
}

} // namespace

std::string pack_gzip(std::string_view content) {
    std::string packed = with_room(content);
    z_stream stream = {};
    must(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_in = const_cast<unsigned char*>(data(content));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = data(packed);
    stream.avail_out = static_cast<uInt>(packed.size());
    must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string pack_xz(std::string_view content) {
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    must(!lzma_lzma_preset(&options, 1));
    // The filters that Linux is packed with.
    const lzma_filter filters[] = {
        {LZMA_FILTER_X86, nullptr}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
    must(lzma_stream_encoder(&stream, filters, LZMA_CHECK_CRC32) == LZMA_OK);
    return run_lzma(stream, content);
}

std::string pack_lzma(std::string_view content) {
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    must(!lzma_lzma_preset(&options, 1));
    must(lzma_alone_encoder(&stream, &options) == LZMA_OK);
    return run_lzma(stream, content);
}

std::string pack_bzip2(std::string_view content) {
    std::string packed = with_room(content);
    auto size = static_cast<unsigned>(packed.size());
    must(BZ2_bzBuffToBuffCompress(packed.data(), &size, const_cast<char*>(content.data()),
                                  static_cast<unsigned>(content.size()), 1, 0, 0) == BZ_OK);
    packed.resize(size);
    return packed;
}

std::string pack_zstd(std::string_view content) {
    std::string packed = with_room(content);
    const std::size_t size = ZSTD_compress(packed.data(), packed.size(), content.data(), content.size(), 3);
    must(!ZSTD_isError(size));
    packed.resize(size);
    return packed;
}

std::string pack_lz4(std::string_view content) {
    constexpr std::size_t block_size = 8 * 1024 * 1024;
    std::string packed = "\x02\x21\x4c\x18";
    while (!content.empty()) {
        const auto block = content.substr(0, std::min(block_size, content.size()));
        std::string piece = with_room(block);
        const int size = LZ4_compress_default(block.data(), piece.data(), static_cast<int>(block.size()),
                                              static_cast<int>(piece.size()));
        must(size > 0);
        piece.resize(static_cast<std::size_t>(size));
        packed += little_endian(piece.size()) + piece;
        content.remove_prefix(block.size());
    }
    return packed;
}

std::string bzimage(std::string packed, std::uint32_t unpacked_size) {
    return bzimage_of_gzip(packed + little_endian(unpacked_size));
}

std::string bzimage_of_gzip(std::string packed) {
    constexpr std::size_t setup_sectors = 2;
    constexpr std::uint32_t payload_offset = 0x40;
    std::string file((setup_sectors + 1) * 512 + payload_offset, '\0');
    put(file, 0x1f1, setup_sectors, 1);
    put(file, 0x1fe, 0xaa55, 2);
    put(file, 0x202, 0x53726448, 4);
    put(file, 0x206, 0x020f, 2);
    put(file, 0x248, payload_offset, 4);
    put(file, 0x24c, static_cast<std::uint32_t>(packed.size()), 4);
    return file + packed + std::string(100, 'z');
}

} // namespace chaos::test
