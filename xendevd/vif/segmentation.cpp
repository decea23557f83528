// SPDX-License-Identifier: BSD-3-Clause
// TCP segmentation and Internet checksums in software (RFC 1071, RFC 9293).
#include "xendevd/vif/segmentation.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace xendevd {

namespace {

constexpr std::byte tcp_fin_and_push{0x09}, tcp_congestion_window_reduced{0x80};

/// The sum of bytes `start` to `end` of a frame.
std::uint32_t sum_of(const Frame& frame, std::uint32_t start, std::uint32_t end) {
    std::uint32_t sum = 0;
    bool is_odd = false; // bytes summed so far: then the next ones change places
    for_each_part(frame, start, end, [&](const std::byte* data, std::uint32_t size) {
        const std::uint16_t part = fold_sum(add_to_sum(0, {data, size}));
        sum = fold_sum(sum + (is_odd ? __builtin_bswap16(part) : part));
        is_odd ^= (size & 1) != 0;
    });
    return sum;
}

/// Adds bytes `start` to `end` of `from` to `to`, where they lie.
void add_part(Frame& to, const Frame& from, std::uint32_t start, std::uint32_t end) {
    for_each_part(from, start, end, [&](std::byte* data, std::uint32_t size) { to.add(data, size); });
}

} // namespace

bool fill_in_checksum(const Frame& frame, Workspace& workspace, Frame& finished) {
    const std::uint32_t start = frame.offload.checksum_start;
    const std::uint32_t place = start + frame.offload.checksum_offset;
    const auto headers = read_headers(frame.head(), frame.length);
    // Behind the packet there may be padding, which is not summed.
    const std::uint32_t end = headers ? headers->end : frame.length;
    if (place + 2 > std::min<std::size_t>(frame.head().size(), longest_head) || start > end)
        return false;
    finished = frame;
    copy_head(finished, workspace.new_head());
    const auto sum = static_cast<std::uint16_t>(~sum_of(finished, start, end));
    put16(finished.head(), place,
          sum == 0 ? std::uint16_t{0xffff} : sum); // the same sum, and never "none" for UDP
    finished.offload = {};
    finished.offload.flags = Offload::checksum_is_good;
    return true;
}

bool cut_into_segments(const Frame& frame, Workspace& workspace, bool leave_checksums_blank,
                       const std::function<void(const Frame&)>& emit) {
    const auto headers = read_headers(frame.head(), frame.length);
    const std::uint32_t size = frame.offload.segment_size;
    if (!headers || size == 0 || headers->payload > longest_head ||
        frame.offload.checksum_start != headers->transport || frame.offload.checksum_offset != 16)
        return false; // no TCP
    // The head of `frame` may be used again for that of a segment.
    std::array<std::byte, longest_head> copy;
    const auto original = std::span(copy).first(headers->payload);
    std::memcpy(original.data(), frame.head().data(), original.size());
    const std::uint32_t sequence = get32(original, headers->transport + 4u);
    const std::uint16_t identification =
        headers->is_ipv6 ? std::uint16_t{0} : get16(original, headers->network + 4u);

    Frame segment;
    std::uint16_t number = 0;
    for (std::uint32_t start = headers->payload; start < headers->end; start += size, ++number) {
        const std::uint32_t end = std::min(start + size, headers->end);
        const auto head = workspace.new_head().first(original.size());
        std::memcpy(head.data(), original.data(), head.size());
        const auto transport_length =
            static_cast<std::uint32_t>(head.size()) - headers->transport + end - start;
        if (headers->is_ipv6) {
            put16(head, headers->network + 4u,
                  static_cast<std::uint16_t>(transport_length + headers->transport - headers->network - 40));
        } else {
            const auto ip = head.subspan(headers->network, headers->transport - headers->network);
            put16(ip, 2, static_cast<std::uint16_t>(transport_length + ip.size()));
            put16(ip, 4, static_cast<std::uint16_t>(identification + number));
            put16(ip, 10, 0);
            put16(ip, 10, static_cast<std::uint16_t>(~fold_sum(add_to_sum(0, ip))));
        }
        put32(head, headers->transport + 4u, sequence + (start - headers->payload));
        std::byte& flags = head[headers->transport + 13u];
        if (end < headers->end)
            flags &= ~tcp_fin_and_push;
        if (number > 0)
            flags &= ~tcp_congestion_window_reduced;

        segment.clear();
        segment.add(head.data(), head.size());
        add_part(segment, frame, start, end);
        const std::size_t place = headers->transport + 16u;
        put16(head, place, pseudo_header_sum(head, *headers, transport_length));
        if (leave_checksums_blank) {
            segment.offload = frame.offload;
            segment.offload.segmentation = Offload::no_segments;
            segment.offload.segment_size = 0;
        } else {
            put16(head, place,
                  static_cast<std::uint16_t>(~sum_of(segment, headers->transport, segment.length)));
            segment.offload.flags = Offload::checksum_is_good;
        }
        emit(segment);
    }
    return true;
}

} // namespace xendevd
