// SPDX-License-Identifier: BSD-3-Clause
// Rings of xen/io/netif.h. Responses on the receive ring come in the order of the requests, so a slot's number tells which
// buffer it is, whatever the response says.
#include "vif.hpp"

#include "page_allocator.hpp"

#include <algorithm>
#include <new>

namespace unikernel {

namespace {

template<typename Field>
Field read_once(const Field& field) {
    return *static_cast<const volatile Field*>(&field);
}

} // namespace

std::unique_ptr<Vif> Vif::open(const Device& device, const Options& options) {
    if (options.receive_buffers > most_buffers || options.transmit_buffers > most_buffers) {
        return nullptr;
    }
    const std::size_t pages = ring_pages + options.receive_buffers + options.transmit_buffers;
    void* memory = allocate_pages(pages);
    const GrantReference first = memory != nullptr ? grant_pages(device.backend_domain, memory, pages) : 0;
    Vif* vif = first != 0 ? new (std::nothrow) Vif(device, options, memory, first) : nullptr;
    if (vif == nullptr && (first == 0 || end_grants(first, pages))) {
        free_pages(memory, pages);
    }
    return std::unique_ptr<Vif>(vif);
}

Vif::Vif(const Device& device, const Options& options, void* memory, GrantReference first)
    : front_end_(device), options_(options), memory_(static_cast<std::byte*>(memory)),
      first_reference_(first) {
    transmit_ring_.start(page(0), 1);
    receive_ring_.start(page(1), 1);
    for (std::uint16_t buffer = 0; buffer < options.receive_buffers; ++buffer) {
        give_back(buffer);
    }
    static_cast<void>(receive_ring_.publish()); // the offer is event enough
    static_cast<void>(receive_ring_.ask_for_event());
    while (free_count_ < options.transmit_buffers) {
        free_[free_count_] = free_count_;
        ++free_count_;
    }
    const GrantReference rings[] = {first, first + 1};
    front_end_.offer(options.features, rings);
}

Vif::~Vif() {
    const auto now = state();
    if ((now == FrontEnd::State::closed || now == FrontEnd::State::failed) &&
        end_grants(first_reference_, pages())) {
        free_pages(memory_, pages());
    }
}

noxs_vif_config Vif::config() const {
    const auto& config = static_cast<const noxs_vif_page*>(device().control_page)->config;
    noxs_vif_config copy{};
    auto* to = reinterpret_cast<unsigned char*>(&copy);
    const auto* from = reinterpret_cast<const unsigned char*>(&config);
    for (std::size_t i = 0; i < sizeof(copy); ++i) {
        to[i] = read_once(from[i]);
    }
    return copy;
}

void Vif::look() {
    seen_state_ = front_end_.state();
    // While nobody serves us the features stay: frames wait on the ring for the same back-end, restarted.
    if (seen_state_ == FrontEnd::State::connected) {
        features_ = front_end_.features();
    }
    take_transmit_responses();
    responses_seen_ = 0;
}

std::byte* Vif::memory_of(std::uint16_t receive_buffer) const {
    return page(ring_pages + receive_buffer);
}

void Vif::give_back(std::uint16_t receive_buffer) {
    posted_[receive_ring_.next_request()] = receive_buffer;
    receive_ring_.put() = {.id = receive_buffer,
                           .pad = 0,
                           .gref =
                               first_reference_ + static_cast<GrantReference>(ring_pages) + receive_buffer};
}

std::optional<std::uint32_t> Vif::examine(std::span<Piece, most_pieces> pieces, Frame& frame) {
    const std::uint32_t there = closed_ ? 0 : receive_ring_.responses();
    std::uint32_t slots = 0;
    std::size_t count = 0;
    bool makes_sense = true;
    for (bool more = true; more; ++slots) {
        if (slots >= there) {
            responses_seen_ = there;
            return std::nullopt;
        }
        const auto response = receive_ring_.peek(slots);
        if (response.status < 0 || response.offset > page_size ||
            static_cast<std::uint32_t>(response.status) > page_size - response.offset ||
            count == pieces.size()) {
            makes_sense = false;
        } else if (response.status > 0) {
            const auto slot = (receive_ring_.next_response() + slots) & (receive_ring_.size() - 1);
            pieces[count++] = {posted_[slot], response.offset, static_cast<std::uint16_t>(response.status)};
        }
        more = (response.flags & NETRXF_more_data) != 0;
        if (slots > 0) {
            continue;
        }
        frame.checksum_is_good = (response.flags & (NETRXF_csum_blank | NETRXF_data_validated)) != 0;
        // What belongs to the whole frame takes slots of its own.
        for (bool extra = (response.flags & NETRXF_extra_info) != 0; extra;) {
            if (++slots >= there) {
                responses_seen_ = there;
                return std::nullopt;
            }
            extra = (receive_ring_.peek<netif_extra_info>(slots).flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0;
        }
    }
    frame.pieces = pieces.first(makes_sense ? count : 0);
    return slots;
}

Vif::Frame Vif::receive(std::span<Piece, most_pieces> pieces) {
    for (;;) {
        Frame frame;
        const auto slots = examine(pieces, frame);
        if (!slots) {
            return {};
        }
        for (std::uint32_t i = 0; i < *slots; ++i) {
            const std::uint16_t buffer = posted_[receive_ring_.next_response()];
            receive_ring_.drop();
            const auto holds_it = [buffer](const Piece& piece) { return piece.buffer == buffer; };
            if (std::none_of(frame.pieces.begin(), frame.pieces.end(), holds_it)) {
                give_back(buffer); // into a slot that is free now
            }
        }
        if (frame.pieces.empty()) {
            ++counters_.dropped;
            continue;
        }
        ++counters_.received_frames;
        for (const auto& piece : frame.pieces) {
            counters_.received_bytes += piece.length;
        }
        return frame;
    }
}

std::size_t Vif::room() const {
    // A frame takes a slot more than pieces if it is to be cut into segments.
    const std::uint32_t slots = transmit_ring_.free();
    if (closed_ || transmit_ring_.broken() || free_count_ == 0 || slots < 2) {
        return 0;
    }
    if ((features_ & NOXS_VIF_SCATTER_GATHER) == 0) {
        return page_size;
    }
    std::size_t pieces = free_count_ < slots - 1 ? free_count_ : slots - 1;
    pieces = pieces < 17 ? pieces : 17; // of at most 18 requests
    return pieces * page_size < longest_frame ? pieces * page_size : longest_frame;
}

void Vif::begin_frame(std::size_t size, bool checksum_is_blank, std::uint16_t segment_size) {
    frame_size_ = static_cast<std::uint32_t>(size);
    frame_flags_ = checksum_is_blank ? NETTXF_csum_blank | NETTXF_data_validated : 0;
    frame_segment_size_ = segment_size;
    ++counters_.transmitted_frames;
    counters_.transmitted_bytes += size;
}

std::byte* Vif::add_piece(std::size_t length, bool more) {
    const std::uint16_t buffer = free_[--free_count_];
    in_flight_[buffer / 64] |= std::uint64_t{1} << buffer % 64;
    const bool first = frame_size_ != 0;
    const std::size_t number = ring_pages + options_.receive_buffers + buffer;
    const std::uint16_t extra = first && frame_segment_size_ != 0 ? NETTXF_extra_info : 0;
    // The first piece tells the size of the whole frame.
    transmit_ring_.put() = {.gref = first_reference_ + static_cast<GrantReference>(number),
                            .offset = 0,
                            .flags = static_cast<std::uint16_t>((first ? frame_flags_ : 0) | extra |
                                                                (more ? NETTXF_more_data : 0)),
                            .id = buffer,
                            .size = static_cast<std::uint16_t>(first ? frame_size_ : length)};
    if (extra != 0) {
        netif_extra_info info{};
        info.type = XEN_NETIF_EXTRA_TYPE_GSO;
        info.u.gso.size = frame_segment_size_;
        info.u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
        transmit_ring_.put<netif_extra_info>() = info;
    }
    frame_size_ = 0;
    return page(number);
}

void Vif::take_transmit_responses() {
    for (std::uint32_t there = transmit_ring_.responses(); there > 0; --there) {
        const auto response = transmit_ring_.peek();
        transmit_ring_.drop();
        // What stood in a request's place, for extra information, is answered by NULL.
        const std::uint64_t bit = std::uint64_t{1} << response.id % 64;
        if (response.status == NETIF_RSP_NULL || response.id >= options_.transmit_buffers ||
            (in_flight_[response.id / 64] & bit) == 0) {
            continue;
        }
        in_flight_[response.id / 64] &= ~bit;
        free_[free_count_++] = response.id;
        counters_.dropped += response.status != NETIF_RSP_OKAY ? 1 : 0;
    }
}

void Vif::publish() {
    if (closed_) {
        return;
    }
    const bool transmitted = transmit_ring_.publish();
    const bool received = receive_ring_.publish();
    if (transmitted || received) {
        front_end_.notify();
    }
}

bool Vif::has_work(bool wants_room) {
    if (front_end_.state() != seen_state_) {
        return true;
    }
    if (closed_) {
        return false;
    }
    // A batch of buffers at once, rather than an event for each.
    const std::uint32_t in_flight = transmit_ring_.in_flight();
    if (wants_room && in_flight > 0 && transmit_ring_.ask_for_event((in_flight + 1) / 2)) {
        return true;
    }
    return receive_ring_.ask_for_event(responses_seen_ + 1);
}

void Vif::close() {
    closed_ = true;
    front_end_.close();
}

} // namespace unikernel
