// SPDX-License-Identifier: BSD-3-Clause
// A frame on its way through xendevd, and what its headers say.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xendevd {

/// In slots of a page each: 65,535 bytes that start anywhere in the first (xen/io/netif.h: XEN_NETIF_NR_SLOTS_MIN).
constexpr std::uint32_t most_frame_slots = 18;
constexpr std::uint32_t longest_frame = 65535;
constexpr std::uint32_t ethernet_header = 14;
/// Ethernet, two VLAN tags, IPv6 with extensions or IPv4 with options, TCP with options: what decisions rest on.
constexpr std::uint32_t longest_head = 192;

/// What is still to be done to a frame, in the form in which TAP devices say it: the legacy header of virtio's network
/// device in the byte order of the machine (Virtual I/O Device specification, 5.1.6; Linux's own header is no C++).
struct Offload {
    static constexpr std::uint8_t needs_checksum = 1, checksum_is_good = 2;        // of flags
    static constexpr std::uint8_t no_segments = 0, tcp4 = 1, tcp6 = 4, ecn = 0x80; // of segmentation

    std::uint8_t flags = 0;
    std::uint8_t segmentation = 0;
    std::uint16_t header_length = 0;
    std::uint16_t segment_size = 0;
    std::uint16_t checksum_start = 0;
    std::uint16_t checksum_offset = 0; ///< of the checksum from there
};
static_assert(sizeof(Offload) == 10);

/// A frame and how its checksum and segmentation are still to be done, in the form that TAP devices speak. The memory
/// belongs to someone else and holds until flush() of whoever was sent the frame. Pieces may lie in pages that the
/// guest changes meanwhile; decisions rest on head(), which is ours.
struct Frame {
    Offload offload;
    /// The first is `offload`, so that readv and writev of a TAP device take the whole array; then the pieces.
    std::array<iovec, 1 + most_frame_slots + 1> vectors;
    std::uint32_t pieces = 0;
    std::uint32_t length = 0; ///< of all pieces, without `offload`

    void clear() {
        offload = {};
        pieces = length = 0;
    }
    void add(void* data, std::size_t size) {
        vectors[1 + pieces++] = {data, size};
        length += static_cast<std::uint32_t>(size);
    }
    /// For readv and writev.
    [[nodiscard]] std::span<iovec> with_offload() {
        vectors[0] = {&offload, sizeof offload};
        return {vectors.data(), 1 + pieces};
    }
    [[nodiscard]] std::span<const iovec> data() const { return {vectors.data() + 1, pieces}; }
    [[nodiscard]] std::span<std::byte> head() const {
        return {static_cast<std::byte*>(vectors[1].iov_base), vectors[1].iov_len};
    }
    [[nodiscard]] bool is_segmented_later() const { return offload.segmentation != Offload::no_segments; }
    [[nodiscard]] bool has_blank_checksum() const { return (offload.flags & Offload::needs_checksum) != 0; }
};

/// Calls `act(data, size)` for each part of bytes `start` to `end` of the frame that lies in one piece.
template<typename Act>
void for_each_part(const Frame& frame, std::uint32_t start, std::uint32_t end, Act act) {
    std::uint32_t offset = 0; // of the piece in the frame
    for (const iovec& piece : frame.data()) {
        const auto piece_end = offset + static_cast<std::uint32_t>(piece.iov_len);
        const std::uint32_t from = std::max(start, offset), to = std::min(end, piece_end);
        if (from < to)
            act(static_cast<std::byte*>(piece.iov_base) + (from - offset), to - from);
        offset = piece_end;
        if (offset >= end)
            return;
    }
}

/// Makes the first piece one of `copy`, which holds the first bytes of the frame in one piece, as many as fit.
void copy_head(Frame& frame, std::span<std::byte> copy);

/// Where the parts of a TCP or UDP frame are.
struct Headers {
    bool is_ipv6 = false;
    std::uint8_t protocol = 0;   ///< IPPROTO_TCP or IPPROTO_UDP
    std::uint16_t network = 0;   ///< offset of the IP header
    std::uint16_t transport = 0; ///< offset of the TCP or UDP header
    std::uint16_t payload = 0;   ///< offset of what follows it
    std::uint32_t end = 0;       ///< of the IP packet: there may be padding behind
};

/// Reads the headers at the beginning of a frame of `length` bytes; nothing if they are no TCP or UDP over IP, a
/// fragment, or do not lie in `head`.
std::optional<Headers> read_headers(std::span<const std::byte> head, std::uint32_t length);

/// Says in `frame.offload` where the blank checksum is and, with a `segment_size`, how to cut the frame up; puts the sum of
/// the pseudo header where the checksum goes. False if the frame's headers do not allow it.
bool set_offload(Frame& frame, bool segment_ipv6, std::uint16_t segment_size);

/// Sum of 16-bit words in network order, for Internet checksums (RFC 1071): add up pieces, then finish.
std::uint32_t add_to_sum(std::uint32_t sum, std::span<const std::byte> bytes);
std::uint16_t fold_sum(std::uint32_t sum);
std::uint16_t pseudo_header_sum(std::span<const std::byte> head, const Headers& headers,
                                std::uint32_t transport_length);

std::uint16_t get16(std::span<const std::byte> bytes, std::size_t offset);
std::uint32_t get32(std::span<const std::byte> bytes, std::size_t offset);
void put16(std::span<std::byte> bytes, std::size_t offset, std::uint16_t value);
void put32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t value);

} // namespace xendevd
