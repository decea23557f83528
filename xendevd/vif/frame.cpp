// SPDX-License-Identifier: BSD-3-Clause
// Reading the headers of frames, and Internet checksums.
#include "xendevd/vif/frame.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace xendevd {

namespace {

constexpr std::uint16_t type_ipv4 = 0x0800, type_ipv6 = 0x86dd, type_vlan = 0x8100,
                        type_service_vlan = 0x88a8;
constexpr std::uint32_t tcp_header = 20, udp_header = 8;
constexpr std::uint32_t tcp_checksum = 16, udp_checksum = 6; // offsets in their headers

std::uint8_t get8(std::span<const std::byte> bytes, std::size_t offset) {
    return std::to_integer<std::uint8_t>(bytes[offset]);
}

/// Finds the transport header of an IPv4 packet.
bool read_ipv4(std::span<const std::byte> head, std::uint32_t length, Headers& headers) {
    const std::uint32_t start = headers.network;
    if (head.size() < start + 20u || get8(head, start) >> 4 != 4)
        return false;
    const std::uint32_t header_length = (get8(head, start) & 0xfu) * 4;
    const std::uint32_t total = get16(head, start + 2);
    // A fragment has no checksum of its own: more to come, or an offset.
    if (header_length < 20 || total < header_length || total > length - start ||
        (get16(head, start + 6) & 0x3fff) != 0)
        return false;
    headers.protocol = get8(head, start + 9);
    headers.transport = static_cast<std::uint16_t>(start + header_length);
    headers.end = start + total;
    return true;
}

/// Finds the transport header of an IPv6 packet, behind the extensions that may stand in front of it.
bool read_ipv6(std::span<const std::byte> head, std::uint32_t length, Headers& headers) {
    const std::uint32_t start = headers.network;
    if (head.size() < start + 40u || get8(head, start) >> 4 != 6)
        return false;
    const std::uint32_t total = 40u + get16(head, start + 4);
    if (total > length - start)
        return false;
    headers.protocol = get8(head, start + 6);
    std::uint32_t offset = start + 40;
    while (headers.protocol == IPPROTO_HOPOPTS || headers.protocol == IPPROTO_ROUTING ||
           headers.protocol == IPPROTO_DSTOPTS) {
        if (head.size() < offset + 8)
            return false;
        headers.protocol = get8(head, offset);
        offset += (get8(head, offset + 1) + 1u) * 8;
    }
    if (offset > head.size())
        return false;
    headers.is_ipv6 = true;
    headers.transport = static_cast<std::uint16_t>(offset);
    headers.end = start + total;
    return true;
}

} // namespace

std::uint16_t get16(std::span<const std::byte> bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(get8(bytes, offset) << 8 | get8(bytes, offset + 1));
}

std::uint32_t get32(std::span<const std::byte> bytes, std::size_t offset) {
    return static_cast<std::uint32_t>(get16(bytes, offset)) << 16 | get16(bytes, offset + 2);
}

void put16(std::span<std::byte> bytes, std::size_t offset, std::uint16_t value) {
    bytes[offset] = static_cast<std::byte>(value >> 8);
    bytes[offset + 1] = static_cast<std::byte>(value);
}

void put32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t value) {
    put16(bytes, offset, static_cast<std::uint16_t>(value >> 16));
    put16(bytes, offset + 2, static_cast<std::uint16_t>(value));
}

void copy_head(Frame& frame, std::span<std::byte> copy) {
    std::size_t copied = 0;
    std::uint32_t used_up = 0; // pieces that lie in the copy as a whole
    for (std::uint32_t index = 0; index < frame.pieces && copied < copy.size(); ++index) {
        iovec& piece = frame.vectors[1 + index];
        const std::size_t part = std::min(piece.iov_len, copy.size() - copied);
        std::memcpy(copy.data() + copied, piece.iov_base, part);
        copied += part;
        piece.iov_base = static_cast<std::byte*>(piece.iov_base) + part;
        piece.iov_len -= part;
        if (piece.iov_len == 0)
            ++used_up;
    }
    asm volatile("" : : : "memory"); // guest memory is not read again
    // The array has room for one piece more than a frame has slots.
    const auto rest = frame.vectors.begin() + 1 + used_up, end = frame.vectors.begin() + 1 + frame.pieces;
    if (used_up == 0)
        std::move_backward(rest, end, end + 1);
    else
        std::move(rest, end, frame.vectors.begin() + 2);
    frame.vectors[1] = {copy.data(), copied};
    frame.pieces = frame.pieces - used_up + 1;
}

std::optional<Headers> read_headers(std::span<const std::byte> head, std::uint32_t length) {
    Headers headers;
    std::uint32_t offset = 12;
    for (int tags = 0; tags < 3; ++tags, offset += 4) {
        if (head.size() < offset + 2)
            return std::nullopt;
        const std::uint16_t type = get16(head, offset);
        headers.network = static_cast<std::uint16_t>(offset + 2);
        if (type == type_vlan || type == type_service_vlan)
            continue;
        if ((type != type_ipv4 || !read_ipv4(head, length, headers)) &&
            (type != type_ipv6 || !read_ipv6(head, length, headers)))
            return std::nullopt;
        const std::uint32_t start = headers.transport;
        if (headers.protocol == IPPROTO_TCP && head.size() >= start + tcp_header)
            headers.payload = static_cast<std::uint16_t>(start + (get8(head, start + 12) >> 4) * 4);
        else if (headers.protocol == IPPROTO_UDP && head.size() >= start + udp_header)
            headers.payload = static_cast<std::uint16_t>(start + udp_header);
        else
            return std::nullopt;
        const std::uint32_t shortest = headers.protocol == IPPROTO_TCP ? tcp_header : udp_header;
        if (headers.payload < start + shortest || headers.payload > head.size() ||
            headers.payload > headers.end)
            return std::nullopt;
        return headers;
    }
    return std::nullopt;
}

std::uint32_t add_to_sum(std::uint32_t sum, std::span<const std::byte> bytes) {
    std::uint64_t wide = sum;
    std::size_t offset = 0;
    // Four bytes at a time in the order they lie in: the sum of swapped words is the swapped sum.
    std::uint64_t little = 0;
    for (; offset + 4 <= bytes.size(); offset += 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data() + offset, sizeof word);
        little += word;
    }
    if (offset + 2 <= bytes.size()) {
        std::uint16_t word = 0;
        std::memcpy(&word, bytes.data() + offset, sizeof word);
        little += word;
        offset += 2;
    }
    if (offset < bytes.size())
        little += std::to_integer<std::uint8_t>(bytes[offset]);
    while (little >> 16)
        little = (little & 0xffff) + (little >> 16);
    wide += __builtin_bswap16(static_cast<std::uint16_t>(little));
    while (wide >> 32)
        wide = (wide & 0xffffffff) + (wide >> 32);
    return static_cast<std::uint32_t>(wide);
}

std::uint16_t fold_sum(std::uint32_t sum) {
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

std::uint16_t pseudo_header_sum(std::span<const std::byte> head, const Headers& headers,
                                std::uint32_t transport_length) {
    const std::size_t addresses = headers.network + (headers.is_ipv6 ? 8u : 12u);
    std::uint32_t sum = add_to_sum(0, head.subspan(addresses, headers.is_ipv6 ? 32 : 8));
    sum += headers.protocol + (transport_length >> 16) + (transport_length & 0xffff);
    return fold_sum(sum);
}

bool set_offload(Frame& frame, bool segment_ipv6, std::uint16_t segment_size) {
    const auto headers = read_headers(frame.head(), frame.length);
    if (!headers)
        return false;
    const bool is_tcp = headers->protocol == IPPROTO_TCP;
    if (segment_size > 0) {
        if (!is_tcp || segment_ipv6 != headers->is_ipv6)
            return false;
        frame.offload.segmentation = segment_ipv6 ? Offload::tcp6 : Offload::tcp4;
        frame.offload.segment_size = segment_size;
    }
    frame.offload.flags = Offload::needs_checksum;
    frame.offload.header_length = headers->payload;
    frame.offload.checksum_start = headers->transport;
    frame.offload.checksum_offset = static_cast<std::uint16_t>(is_tcp ? tcp_checksum : udp_checksum);
    put16(frame.head(), headers->transport + frame.offload.checksum_offset,
          pseudo_header_sum(frame.head(), *headers, headers->end - headers->transport));
    return true;
}

} // namespace xendevd
