// SPDX-License-Identifier: BSD-3-Clause
// The few fields of the boot protocol's setup header that lead to the payload.
#include "libchaos/image/bzimage.hpp"

#include <array>
#include <cstring>

namespace chaos {
namespace {

// Offsets into the file; the header grows with the protocol's version.
constexpr std::size_t setup_sectors_at = 0x1f1;  // u8: sectors of real-mode code behind the boot sector
constexpr std::size_t boot_flag_at = 0x1fe;      // u16
constexpr std::size_t magic_at = 0x202;          // u32
constexpr std::size_t version_at = 0x206;        // u16
constexpr std::size_t payload_offset_at = 0x248; // u32, from the protected-mode code on
constexpr std::size_t payload_length_at = 0x24c; // u32
constexpr std::size_t header_end = 0x250;

constexpr std::uint16_t boot_flag = 0xaa55;
constexpr std::uint32_t magic = 0x53726448; // "HdrS"
constexpr std::uint16_t version_with_payload = 0x0208;
constexpr std::uint64_t sector_size = 512;

using Header = std::array<unsigned char, header_end>;

template<typename Integer>
Integer read_field(const Header& header, std::size_t offset) {
    Integer value;
    std::memcpy(&value, header.data() + offset, sizeof value);
    return value;
}

Unexpected bad_image(std::string cause) {
    return Unexpected{Error(ErrorKind::invalid_image, std::move(cause))};
}

} // namespace

Result<std::optional<BzImagePayload>> find_bzimage_payload(const ByteSource& source) {
    Header header;
    if (source.size() < header.size())
        return std::optional<BzImagePayload>();
    TRY(source.read_at(0, header.data(), header.size()));
    if (read_field<std::uint16_t>(header, boot_flag_at) != boot_flag ||
        read_field<std::uint32_t>(header, magic_at) != magic)
        return std::optional<BzImagePayload>();
    if (read_field<std::uint16_t>(header, version_at) < version_with_payload)
        return bad_image("this bzImage is older than Linux 2.6.26 and does not say where its kernel lies");

    std::uint64_t setup_sectors = read_field<std::uint8_t>(header, setup_sectors_at);
    if (setup_sectors == 0)
        setup_sectors = 4; // as the protocol has it
    BzImagePayload payload;
    payload.offset = (setup_sectors + 1) * sector_size + read_field<std::uint32_t>(header, payload_offset_at);
    payload.length = read_field<std::uint32_t>(header, payload_length_at);
    if (payload.offset > source.size() || payload.length > source.size() - payload.offset)
        return bad_image("the bzImage is truncated: its payload ends beyond byte " +
                         std::to_string(source.size()) + ", where the file ends");

    // The kernel's build puts the size of what it packed behind the packed data; gzip does so by itself.
    if (payload.length <= sizeof payload.unpacked_size)
        return bad_image("the bzImage has no payload");
    payload.length -= sizeof payload.unpacked_size;
    TRY(source.read_at(payload.offset + payload.length, &payload.unpacked_size,
                       sizeof payload.unpacked_size));
    if (payload.unpacked_size > maximum_unpacked_size)
        return bad_image("the bzImage says that its kernel has " +
                         std::to_string(payload.unpacked_size / 1024 / 1024) + " MiB, " +
                         std::to_string(maximum_unpacked_size / 1024 / 1024) + " MiB are the most");
    return std::optional(payload);
}

} // namespace chaos
