// SPDX-License-Identifier: BSD-3-Clause
// LZ4 in its legacy frame, the one Linux is packed with: a magic number, then blocks of 8 MiB, each behind
// its size.
#include <cstring>
#include <lz4.h>
#include <vector>

#include "libchaos/image/unpack_streams.hpp"

namespace chaos::unpacking {
namespace {

constexpr std::size_t magic_size = 4;
constexpr std::size_t block_size = 8 * 1024 * 1024;
constexpr std::uint32_t largest_packed_block = LZ4_COMPRESSBOUND(block_size);

Result<std::uint32_t> read_size(Reader& reader) {
    unsigned char bytes[4];
    if (reader.left() < sizeof bytes)
        return bad_payload("its compressed data ends too early");
    TRY(reader.read(bytes));
    std::uint32_t size;
    std::memcpy(&size, bytes, sizeof size);
    return size;
}

} // namespace

Result<void> unpack_lz4(Reader& reader, Writer& writer) {
    std::vector<unsigned char> packed;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(block_size, writer.left()));
    const auto block = std::make_unique_for_overwrite<unsigned char[]>(room);
    unsigned char magic[magic_size];
    if (reader.left() < sizeof magic)
        return bad_payload("its compressed data ends too early");
    TRY(reader.read(magic));
    while (writer.left() > 0) {
        const std::uint32_t packed_size = TRY(read_size(reader));
        if (packed_size == 0 || packed_size > largest_packed_block || packed_size > reader.left())
            return bad_payload("its compressed data is damaged: a block has an impossible size");
        packed.resize(packed_size);
        TRY(reader.read(packed));
        const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(packed.data()),
                                             reinterpret_cast<char*>(block.get()),
                                             static_cast<int>(packed_size), static_cast<int>(room));
        if (size <= 0)
            return bad_payload(
                "its compressed data is damaged: a block does not unpack into what it may take");
        TRY(writer.write({block.get(), static_cast<std::size_t>(size)}));
    }
    return {};
}

} // namespace chaos::unpacking
