// SPDX-License-Identifier: BSD-3-Clause
// Putting frames into the receive ring: one page of data to a request, answered in the order of the requests.
#include "xendevd/vif/to_guest.hpp"

#include <algorithm>
#include <cstring>

#include "noxs/noxs.h"

namespace xendevd {

using chaos::xen::GrantAccess;
using chaos::xen::GrantCopy;

namespace {

constexpr std::uint32_t page_bytes = chaos::page_size;

std::uint32_t pages_for(std::uint32_t length) {
    return std::max(1u, (length + page_bytes - 1) / page_bytes);
}

std::uint8_t segmentation_of(const Frame& frame) {
    return frame.offload.segmentation & static_cast<std::uint8_t>(~Offload::ecn);
}

} // namespace

void ToGuest::connect(chaos::DomainId domain, std::byte* ring, std::uint32_t features, std::uint16_t mtu) {
    domain_ = domain;
    features_ = features;
    ring_ = ReceiveRing(ring);
    constexpr std::uint32_t tags = 8; // two VLAN tags beyond the Ethernet header
    needed_ = 1;
    if (features & NOXS_VIF_SCATTER_GATHER)
        needed_ = pages_for(mtu + ethernet_header + tags);
    if (features & (NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6))
        needed_ = most_frame_slots; // 17 pages and the extra slot
}

std::optional<bool> ToGuest::has_room() const {
    const auto waiting = ring_.waiting();
    if (!waiting)
        return std::nullopt;
    return *waiting >= needed_;
}

bool ToGuest::takes(const Frame& frame) const {
    switch (segmentation_of(frame)) {
    case Offload::no_segments:
        return !frame.has_blank_checksum() || takes_blank_checksums();
    case Offload::tcp4:
        return (features_ & NOXS_VIF_GSO_TCP4) != 0;
    case Offload::tcp6:
        return (features_ & NOXS_VIF_GSO_TCP6) != 0;
    default:
        return false;
    }
}

bool ToGuest::takes_blank_checksums() const {
    return (features_ & NOXS_VIF_CHECKSUM_BLANK) != 0;
}

bool ToGuest::can_ever_put(const Frame& frame) const {
    return frame.length <= page_bytes || (features_ & NOXS_VIF_SCATTER_GATHER) != 0;
}

std::uint32_t ToGuest::slots_for(const Frame& frame) const {
    return pages_for(frame.length) + (frame.is_segmented_later() ? 1 : 0);
}

std::byte* ToGuest::find_page(std::uint32_t reference) {
    if (!(features_ & NOXS_VIF_PERSISTENT))
        return nullptr;
    if (std::byte* page = pages_.find(reference, GrantAccess::read_write))
        return page;
    // A new one is seldom alone: all that wait are mapped in one system call.
    auto& unmapped = workspace_.batch.unmapped;
    unmapped.clear();
    unmapped.push_back(reference);
    const std::uint32_t waiting = ring_.waiting().value_or(0);
    for (std::uint32_t ahead = 0; ahead < std::min(waiting, 32u); ++ahead)
        unmapped.push_back(ring_.request(ahead).gref);
    pages_.map(unmapped, GrantAccess::read_write);
    return pages_.find(reference, GrantAccess::read_write);
}

void ToGuest::put_into_page(std::byte* page, std::uint32_t start, std::uint32_t end, const Frame& frame) {
    for_each_part(frame, start, end, [&page](const std::byte* data, std::uint32_t size) {
        std::memcpy(page, data, size);
        page += size;
    });
}

void ToGuest::copy_later(std::uint32_t reference, std::uint32_t start, std::uint32_t end, const Frame& frame,
                         Receiver& receiver) {
    std::uint32_t offset = 0;
    for_each_part(frame, start, end, [&](std::byte* data, std::uint32_t size) {
        GrantCopy copy{};
        copy.source.local = data;
        copy.destination.granted = {reference, static_cast<std::uint16_t>(offset), raw(domain_)};
        copy.length = static_cast<std::uint16_t>(size);
        copy.flags = GrantCopy::destination_granted;
        workspace_.copy_later(receiver, copy);
        offset += size;
    });
}

bool ToGuest::put(const Frame& frame, Receiver& receiver) {
    const std::uint32_t slots = slots_for(frame);
    const std::uint32_t pages = pages_for(frame.length);
    if (!can_ever_put(frame) || ring_.waiting().value_or(0) < slots)
        return false;
    for (std::uint32_t page = 0; page < pages; ++page) {
        const std::uint32_t start = page * page_bytes, end = std::min(frame.length, start + page_bytes);
        const auto request = ring_.request(place_of(page, frame.is_segmented_later()));
        if (std::byte* memory = find_page(request.gref))
            put_into_page(memory, start, end, frame);
        else
            copy_later(request.gref, start, end, frame, receiver);
    }
    workspace_.touch(receiver);
    answer(frame);
    return true;
}

bool ToGuest::prepare(Frame& frame) {
    if (!(features_ & NOXS_VIF_PERSISTENT))
        return false;
    // A frame of several pages most likely has the extra slot.
    const bool has_extra = (features_ & (NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6)) != 0;
    const std::uint32_t pages = has_extra ? needed_ - 1 : needed_;
    frame.clear();
    for (std::uint32_t page = 0; page < pages; ++page) {
        std::byte* memory = find_page(ring_.request(place_of(page, has_extra)).gref);
        if (!memory)
            return false;
        frame.add(memory, page_bytes);
    }
    prepared_ = pages * page_bytes;
    if (pages < most_frame_slots - 1)
        frame.add(workspace_.frame(0), longest_frame - prepared_); // where the rest of a frame too long goes
    return true;
}

void ToGuest::commit(const Frame& frame) {
    if (frame.length > prepared_) {
        ++counters_.to_guest_dropped;
        return;
    }
    const std::uint32_t pages = pages_for(frame.length);
    const bool guessed_extra = (features_ & (NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6)) != 0;
    if (pages > 1 && guessed_extra && !frame.is_segmented_later()) {
        // The guess was wrong: everything behind the first page moves forward by one request.
        std::byte* to = find_page(ring_.request(1).gref);
        for (std::uint32_t page = 1; page < pages && to; ++page) {
            auto* from = static_cast<std::byte*>(frame.vectors[1 + page].iov_base);
            std::memmove(to, from, std::min(page_bytes, frame.length - page * page_bytes));
            to = from;
        }
    }
    answer(frame);
}

/// Answers the requests that hold the frame, the second with the extra if there is one.
void ToGuest::answer(const Frame& frame) {
    const std::uint32_t pages = pages_for(frame.length);
    std::uint16_t flags = 0;
    if (frame.has_blank_checksum())
        flags = NETRXF_csum_blank | NETRXF_data_validated;
    else if (frame.offload.flags & Offload::checksum_is_good)
        flags = NETRXF_data_validated;
    for (std::uint32_t page = 0; page < pages; ++page) {
        netif_rx_response response{};
        response.id = ring_.request(0).id;
        response.status = static_cast<std::int16_t>(std::min(page_bytes, frame.length - page * page_bytes));
        response.flags = page == 0 ? flags : std::uint16_t{0};
        if (page + 1 < pages)
            response.flags |= NETRXF_more_data;
        const bool extra_follows = page == 0 && frame.is_segmented_later();
        if (extra_follows)
            response.flags |= NETRXF_extra_info;
        ring_.answer(response);
        if (!extra_follows)
            continue;
        netif_extra_info extra{};
        extra.type = XEN_NETIF_EXTRA_TYPE_GSO;
        extra.u.gso.size = frame.offload.segment_size;
        extra.u.gso.type =
            segmentation_of(frame) == Offload::tcp6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
        ring_.answer(extra);
    }
    counters_.to_guest_bytes += frame.length;
    ++counters_.to_guest_operations;
}

} // namespace xendevd
