// SPDX-License-Identifier: BSD-3-Clause
// Memory that all vifs of the process share, because only one of them moves frames at a time: an idle vif has no buffers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "libchaos/xen/grant_table.hpp"
#include "libchaos/xen/own_pages.hpp"
#include "xendevd/vif/frame.hpp"
#include "xendevd/vif/ring.hpp"

namespace xendevd {

/// Who gets frames put into its guest's receive ring, and learns when they are there.
class Receiver {
  public:
    /// All copies for this guest were tried; `status` is the first that failed (GNTST_*), else 0.
    virtual void delivered(std::int16_t status) = 0;

  protected:
    ~Receiver() = default;
};

/// What is taken from a transmit ring in one round.
struct TransmitBatch {
    struct Taken {
        std::uint16_t first = 0; ///< slot, counted from the start of the batch
        std::uint16_t slots = 0; ///< of data
        std::uint16_t extras = 0;
        std::uint16_t segment_size = 0;
        std::uint32_t length = 0;
        bool segment_ipv6 = false;
        bool checksum_is_blank = false;
        bool is_refused = false;

        /// The slot of the frame's piece `index`: the extras are between the first and the second.
        [[nodiscard]] std::uint32_t slot(std::uint32_t index) const {
            return index == 0 ? first : first + extras + index;
        }
    };
    /// A request for data; the first of a frame with the length of its own part rather than the frame's.
    struct Piece {
        std::byte* data;
        netif_tx_request request;
    };

    std::vector<Taken> frames;
    std::array<Piece, TransmitRing::size> pieces; ///< by slot
    std::vector<chaos::xen::GrantCopy> copies;
    std::vector<std::uint32_t> unmapped; ///< references seen for the first time
    Frame frame;
};

class Workspace {
  public:
    static constexpr std::size_t slots = 256; // as many as a transmit ring has
    static constexpr std::size_t frames = 16; // read from a TAP device at a time
    static constexpr std::size_t frame_pages = most_frame_slots;

    /// With `own_pages` (see pages()) copies cost less; without, memory of any kind is taken.
    Workspace(chaos::xen::GrantTable& grants, chaos::xen::OwnPages own_pages);
    /// How many pages of its own a workspace has use for.
    static constexpr std::uint32_t pages() { return slots + frames * frame_pages + head_pages; }

    /// Where the data of transmit slot `index` of a batch is copied to.
    [[nodiscard]] std::byte* slot(std::size_t index) { return memory_ + index * chaos::page_size; }
    /// The same for the system call that copies.
    void copy_to_slot(std::size_t index, chaos::xen::GrantCopy& copy) const;
    /// Where frame `index` of a batch is read to; whole pages.
    [[nodiscard]] std::byte* frame(std::size_t index) {
        return memory_ + (slots + index * frame_pages) * chaos::page_size;
    }
    /// For the head of a frame; there for this frame and the next one made of it. Flushes if all are in use.
    [[nodiscard]] std::span<std::byte> new_head();

    /// Copies from an address into a guest's page at the next flush(), for `receiver`.
    void copy_later(Receiver& receiver, const chaos::xen::GrantCopy& copy);
    /// Has delivered() called at the next flush().
    void touch(Receiver& receiver);
    /// Forgets a receiver that goes.
    void forget(Receiver& receiver);
    /// Carries out the copies in one system call and tells the receivers. Frames' memory is free again afterwards.
    void flush();

    /// For whoever reads a transmit ring; means nothing between two rounds.
    TransmitBatch batch;

  private:
    struct Unmap {
        std::size_t size = 0;
        void operator()(std::byte* address) const;
    };
    using Pages = std::unique_ptr<std::byte[], Unmap>;
    static Pages allocate(std::size_t pages);
    static constexpr std::size_t heads = 512;
    static constexpr std::size_t head_pages = heads * longest_head / chaos::page_size;
    static_assert(heads * longest_head % chaos::page_size == 0);

    struct Touched {
        Receiver* receiver;
        std::int16_t status;
    };

    chaos::xen::GrantTable& grants_;
    chaos::xen::OwnPages own_pages_;
    Pages other_pages_; ///< in their stead
    std::byte* memory_; ///< slots, frames, heads
    std::size_t used_heads_ = 0;
    std::vector<chaos::xen::GrantCopy> copies_;
    std::vector<std::uint32_t> owners_; ///< of each copy: index into touched_
    std::vector<Touched> touched_;
};

} // namespace xendevd
