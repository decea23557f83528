// SPDX-License-Identifier: BSD-3-Clause
// Picks the decompressor by the payload's first bytes.
#include "libchaos/image/unpack.hpp"

#include <array>
#include <string_view>

#include "libchaos/image/unpack_streams.hpp"

namespace chaos {
namespace {

using unpacking::Reader;
using unpacking::Writer;

struct Format {
    std::string_view magic;
    std::string_view name;
    bool ends_with_size; ///< the size behind the packed data is part of the format
    Result<void> (*unpack)(Reader&, Writer&);
};

using namespace std::string_view_literals;
constexpr Format formats[] = {
    {"\x1f\x8b\x08"sv, "gzip", true, unpacking::unpack_gzip},
    {"\xfd"
     "7zXZ\0"sv,
     "xz", false, unpacking::unpack_xz},
    {"\x28\xb5\x2f\xfd"sv, "zstd", false, unpacking::unpack_zstd},
    {"\x02\x21\x4c\x18"sv, "LZ4", false, unpacking::unpack_lz4},
    {"\x5d\0\0"sv, "lzma", false, unpacking::unpack_lzma},
    {"BZh"sv, "bzip2", false, unpacking::unpack_bzip2},
};

} // namespace

Result<void> unpack_payload(const ByteSource& source, const BzImagePayload& payload, ByteSink& sink) {
    std::array<char, 8> start{};
    TRY(source.read_at(payload.offset, start.data(), std::min<std::uint64_t>(start.size(), payload.length)));
    const std::string_view first(start.data(), start.size());
    for (const Format& format : formats) {
        if (!first.starts_with(format.magic))
            continue;
        const std::size_t size_field = format.ends_with_size ? sizeof payload.unpacked_size : 0;
        Reader reader(source, payload.offset, payload.length + size_field);
        Writer writer(sink, payload.unpacked_size);
        TRY(format.unpack(reader, writer)
                .while_doing("unpacking the kernel (" + std::string(format.name) + ")"));
        if (writer.left() != 0)
            return Error(ErrorKind::invalid_image, "the kernel unpacks to " + std::to_string(writer.left()) +
                                                       " bytes fewer than the bzImage says");
        return {};
    }
    return Error(
        ErrorKind::invalid_image,
        "the bzImage is packed in a way that is not known here (gzip, xz, lzma, bzip2, zstd and LZ4 are)");
}

} // namespace chaos
