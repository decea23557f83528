// SPDX-License-Identifier: BSD-3-Clause
// Taking frames from the transmit ring. Round by round: read the requests, fetch their data in one system call, pass the
// frames on, answer.
#include "xendevd/vif/from_guest.hpp"

#include <string>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
using chaos::xen::GrantAccess;
using chaos::xen::GrantCopy;

namespace {

constexpr std::uint32_t most_extras = 8;

Error broken(std::string what) {
    return {ErrorKind::guest_failed, std::move(what)};
}

} // namespace

void FromGuest::connect(chaos::DomainId domain, std::byte* ring, bool persistent) {
    domain_ = domain;
    is_persistent_ = persistent;
    ring_ = TransmitRing(ring);
}

Result<FromGuest::Next> FromGuest::take(FrameSink& sink, Clock::time_point now) {
    const auto waiting = ring_.waiting();
    if (!waiting)
        return broken("its transmit ring's index is out of range");
    auto& frames = workspace_.batch.frames;
    frames.clear();
    bool is_limited = false;
    std::uint32_t read = 0; // slots
    while (read < *waiting) {
        if (!limiter_.allows(now)) {
            is_limited = true;
            break;
        }
        Taken taken;
        if (!TRY(read_frame(read, *waiting, taken)))
            break; // its end is not there yet
        limiter_.charge(taken.length, 1);
        read += taken.slots + taken.extras;
        frames.push_back(taken);
    }
    TRY(fetch());
    for (const Taken& taken : frames) {
        const bool is_good = !taken.is_refused && pass_on(taken, sink);
        if (!is_good)
            ++counters_.errors;
        answer(taken, is_good ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
    }
    if (is_limited)
        return Next::later;
    // What is left is the beginning of a frame: the next slot is worth an event.
    return ring_.ask_for_event(*waiting - read) ? Next::more : Next::nothing;
}

/// Reads the requests of the frame that starts at slot `start`. False if it is not there as a whole.
Result<bool> FromGuest::read_frame(std::uint32_t start, std::uint32_t waiting, Taken& taken) {
    auto request = ring_.request(start);
    taken.first = static_cast<std::uint16_t>(start);
    taken.length = request.size;
    taken.checksum_is_blank = (request.flags & NETTXF_csum_blank) != 0;
    if ((request.flags & NETTXF_extra_info) && !TRY(read_extras(start + 1, waiting, taken)))
        return false;
    auto& pieces = workspace_.batch.pieces;
    std::uint32_t rest = taken.length; // what the pieces behind the first leave for it
    for (std::uint32_t slot = start;;) {
        if (slot != start) {
            if (request.size > rest)
                return broken("the pieces of a frame are longer than the frame");
            rest -= request.size;
        }
        if (taken.slots == most_frame_slots)
            return broken("a frame has more than " + std::to_string(most_frame_slots) + " pieces");
        pieces[slot].request = request;
        ++taken.slots;
        if (!(request.flags & NETTXF_more_data))
            break;
        slot = taken.slot(taken.slots);
        if (slot >= waiting)
            return false;
        request = ring_.request(slot);
    }
    pieces[start].request.size = static_cast<std::uint16_t>(rest);
    for (std::uint32_t index = 0; index < taken.slots; ++index) {
        const auto& piece = pieces[taken.slot(index)].request;
        if (std::uint32_t{piece.offset} + piece.size > chaos::page_size)
            return broken("a piece of a frame reaches beyond its page");
    }
    if (taken.length < ethernet_header)
        taken.is_refused = true;
    return true;
}

/// Reads what stands between a frame's first and second request.
Result<bool> FromGuest::read_extras(std::uint32_t start, std::uint32_t waiting, Taken& taken) {
    for (bool more = true; more; ++taken.extras) {
        if (taken.extras == most_extras)
            return broken("a frame has more than " + std::to_string(most_extras) + " extra slots");
        if (start + taken.extras >= waiting)
            return false;
        const auto extra = ring_.request<netif_extra_info>(start + taken.extras);
        more = (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0;
        switch (extra.type) {
        case XEN_NETIF_EXTRA_TYPE_GSO:
            taken.segment_size = extra.u.gso.size;
            taken.segment_ipv6 = extra.u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6;
            if (extra.u.gso.size == 0 ||
                (extra.u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 && !taken.segment_ipv6))
                taken.is_refused = true;
            break;
        case XEN_NETIF_EXTRA_TYPE_HASH: // of use to who has several queues
            break;
        default: // multicast lists were not offered, others are not known
            taken.is_refused = true;
        }
    }
    return true;
}

/// Gets the data of all frames of the batch: mapped pages where they are, the rest is copied in one system call.
Result<void> FromGuest::fetch() {
    TransmitBatch& batch = workspace_.batch;
    auto& copies = batch.copies;
    copies.clear();
    const auto for_each_piece = [&batch](auto&& act) {
        for (const Taken& taken : batch.frames) {
            for (std::uint32_t index = 0; !taken.is_refused && index < taken.slots; ++index)
                act(taken.slot(index), batch.pieces[taken.slot(index)]);
        }
    };
    if (is_persistent_) {
        batch.unmapped.clear();
        for_each_piece([&](std::uint32_t, TransmitBatch::Piece& piece) {
            if (!pages_.find(piece.request.gref, GrantAccess::read_only))
                batch.unmapped.push_back(piece.request.gref);
        });
        if (!batch.unmapped.empty())
            pages_.map(batch.unmapped, GrantAccess::read_only);
    }
    for_each_piece([&](std::uint32_t slot, TransmitBatch::Piece& piece) {
        if (is_persistent_) {
            if (std::byte* page = pages_.find(piece.request.gref, GrantAccess::read_only)) {
                piece.data = page + piece.request.offset;
                return;
            }
        }
        piece.data = workspace_.slot(slot);
        if (piece.request.size == 0)
            return;
        GrantCopy copy{};
        copy.source.granted = {piece.request.gref, piece.request.offset, raw(domain_)};
        copy.length = piece.request.size;
        copy.flags = GrantCopy::source_granted;
        workspace_.copy_to_slot(slot, copy);
        copies.push_back(copy);
    });
    TRY(grants_.copy(copies));
    for (const GrantCopy& copy : copies) {
        if (copy.status != 0)
            return broken("reference " + std::to_string(copy.source.granted.reference) +
                          " of its transmit ring cannot be copied from (Xen says " +
                          std::to_string(copy.status) + ")");
    }
    return {};
}

/// False if the frame makes no sense.
bool FromGuest::pass_on(const Taken& taken, FrameSink& sink) {
    Frame& frame = workspace_.batch.frame;
    frame.clear();
    for (std::uint32_t index = 0; index < taken.slots; ++index) {
        const auto& piece = workspace_.batch.pieces[taken.slot(index)];
        frame.add(piece.data, piece.request.size);
    }
    const bool has_offload = taken.checksum_is_blank || taken.segment_size > 0;
    if (has_offload || sink.needs_head()) {
        // What lies in a page of the guest's is copied before anything depends on it.
        const bool is_ours = !is_persistent_ && frame.head().size() >= std::min(taken.length, longest_head);
        if (!is_ours)
            copy_head(frame, workspace_.new_head());
    }
    if (has_offload && !set_offload(frame, taken.segment_ipv6, taken.segment_size))
        return false;
    if (!sink.send(frame)) {
        ++counters_.from_guest_dropped;
        return true;
    }
    counters_.from_guest_bytes += taken.length;
    ++counters_.from_guest_operations;
    return true;
}

void FromGuest::answer(const Taken& taken, std::int16_t status) {
    for (std::uint32_t index = 0; index < taken.slots; ++index) {
        ring_.answer(netif_tx_response{workspace_.batch.pieces[taken.slot(index)].request.id, status});
        for (std::uint32_t extra = 0; index == 0 && extra < taken.extras; ++extra)
            ring_.answer(netif_tx_response{0, NETIF_RSP_NULL});
    }
}

} // namespace xendevd
