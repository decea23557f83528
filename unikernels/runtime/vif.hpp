// SPDX-License-Identifier: BSD-3-Clause
// A network device's front end: frames in, frames out (docs/noxs.md, section 6). Not for event handlers.
//
// Received frames stay in the buffers that the back-end wrote them into until they are given back; transmitted ones are
// copied into buffers of their own. All of these stay granted, so that the back-end may keep them mapped.
#pragma once

#include "boot_info.hpp"
#include "front_end.hpp"
#include "front_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <xen/io/netif.h>

namespace unikernel {

class Vif {
  public:
    static constexpr std::size_t most_buffers = 256;
    static constexpr std::size_t most_pieces = 20;
    static constexpr std::size_t longest_frame = 65535;

    struct Options {
        /// Pages each, at most most_buffers.
        std::uint16_t receive_buffers = 32;
        std::uint16_t transmit_buffers = 16;
        std::uint32_t features = NOXS_VIF_CHECKSUM_BLANK | NOXS_VIF_PERSISTENT;
    };

    /// A part of a received frame; `buffer` is to be given back.
    struct Piece {
        std::uint16_t buffer;
        std::uint16_t offset;
        std::uint16_t length;
    };
    struct Frame {
        std::span<Piece> pieces;
        /// The checksum is blank, or was found to be right.
        bool checksum_is_good = false;
    };

    struct Counters {
        std::uint64_t received_frames = 0;
        std::uint64_t received_bytes = 0;
        std::uint64_t transmitted_frames = 0;
        std::uint64_t transmitted_bytes = 0;
        std::uint64_t dropped = 0; // for want of buffers, or because they made no sense
    };

    /// Makes rings and buffers and offers them; nothing if memory or grants are short.
    static std::unique_ptr<Vif> open(const Device& device, const Options& options);
    /// Gives its memory back if the back-end has let go of it, and else leaves it where it is for ever.
    ~Vif();

    [[nodiscard]] const Device& device() const { return front_end_.device(); }
    /// As the toolstack wrote it, copied.
    [[nodiscard]] noxs_vif_config config() const;
    [[nodiscard]] FrontEnd::State state() const { return front_end_.state(); }
    /// In use; scatter-gather and segmentation only once connected.
    [[nodiscard]] std::uint32_t features() const { return features_; }
    [[nodiscard]] const Counters& counters() const { return counters_; }

    /// Takes note of what the back-end says and did; to be called before a round of the following.
    void look();

    /// The next frame, its pieces put into `pieces`; no pieces if there is none.
    Frame receive(std::span<Piece, most_pieces> pieces);
    [[nodiscard]] std::byte* memory_of(std::uint16_t receive_buffer) const;
    void give_back(std::uint16_t receive_buffer);

    /// The most bytes that a frame can have now; 0 if there is no room.
    [[nodiscard]] std::size_t room() const;
    /// Transmits a frame of `size` bytes, at most room(). `copy(to, offset)` fills a part of it. With `checksum_is_blank`
    /// the checksum holds the sum of the pseudo header only; TCP over IPv4 with `segment_size` other than 0 is cut into
    /// segments of so many bytes by the other side.
    template<typename Copy>
    void transmit(std::size_t size, bool checksum_is_blank, std::uint16_t segment_size, Copy copy) {
        begin_frame(size, checksum_is_blank, segment_size);
        for (std::size_t offset = 0; offset < size; offset += page_size) {
            const std::size_t length = size - offset < page_size ? size - offset : page_size;
            copy(std::span(add_piece(length, offset + length < size), length), offset);
        }
    }

    /// Shows the back-end what was transmitted and given back. To be called at the end of each round.
    void publish();

    /// True while something waits to be looked at. To be asked in wait_until(), where the answer false means that an event
    /// will come; `wants_room` if room() matters.
    [[nodiscard]] bool has_work(bool wants_room);

    /// Gives up what is under way. Once the state is closed the Vif may go.
    void close();

  private:
    static constexpr std::size_t ring_pages = 2;

    Vif(const Device& device, const Options& options, void* memory, GrantReference first);
    [[nodiscard]] std::size_t pages() const {
        return ring_pages + options_.receive_buffers + options_.transmit_buffers;
    }
    [[nodiscard]] std::byte* page(std::size_t number) const { return memory_ + number * page_size; }
    /// Whether a whole frame is there, of how many slots, and whether it makes sense: then it has pieces.
    std::optional<std::uint32_t> examine(std::span<Piece, most_pieces> pieces, Frame& frame);
    void begin_frame(std::size_t size, bool checksum_is_blank, std::uint16_t segment_size);
    std::byte* add_piece(std::size_t length, bool more);
    void take_transmit_responses();

    FrontEnd front_end_;
    Options options_;
    std::byte* memory_; // the two rings, receive buffers, transmit buffers
    GrantReference first_reference_;
    FrontRing<netif_tx_request, netif_tx_response> transmit_ring_;
    FrontRing<netif_rx_request, netif_rx_response> receive_ring_;
    FrontEnd::State seen_state_ = FrontEnd::State::waiting;
    std::uint32_t features_ = 0;
    bool closed_ = false;

    std::uint16_t posted_[most_buffers]; // receive buffer in each slot of the ring
    std::uint16_t free_[most_buffers];   // transmit buffers, a stack
    std::uint16_t free_count_ = 0;
    std::uint64_t in_flight_[most_buffers / 64] = {}; // transmit buffers on the ring, a bit each
    std::uint32_t responses_seen_ = 0;                // of an incomplete frame
    // What begin_frame() leaves for the first piece.
    std::uint32_t frame_size_ = 0;
    std::uint16_t frame_flags_ = 0;
    std::uint16_t frame_segment_size_ = 0;
    Counters counters_;
};

} // namespace unikernel
