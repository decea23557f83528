// SPDX-License-Identifier: BSD-3-Clause
// The receive ring: puts frames into the pages that the guest provides.
#pragma once

#include <cstdint>
#include <optional>

#include "libchaos/result.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/vif/frame.hpp"
#include "xendevd/vif/granted_pages.hpp"
#include "xendevd/vif/ring.hpp"
#include "xendevd/vif/workspace.hpp"

namespace xendevd {

class ToGuest {
  public:
    ToGuest(Workspace& workspace, GrantedPages& pages, Counters& counters)
        : workspace_(workspace), pages_(pages), counters_(counters) {}

    /// `features` are NOXS_VIF_* bits; no frame without blank checksum or segmentation is longer than `mtu` and its headers.
    void connect(chaos::DomainId domain, std::byte* ring, std::uint32_t features, std::uint16_t mtu);

    /// Whether there is room for any frame that may come; nothing if the ring's index is out of range.
    [[nodiscard]] std::optional<bool> has_room() const;
    /// Asks for an event once there is; true if there is already.
    [[nodiscard]] bool ask_for_room() { return ring_.ask_for_event(needed_ - 1); }
    /// Whether the guest takes the frame as it is: its blank checksum, its segmentation.
    [[nodiscard]] bool takes(const Frame& frame) const;
    [[nodiscard]] bool takes_blank_checksums() const;
    /// False if it is too long, whatever room there is.
    [[nodiscard]] bool can_ever_put(const Frame& frame) const;

    /// Puts a frame that it takes() into the ring; the guest sees it after workspace.flush() and publish(), when `receiver` was
    /// told. False if there is no room, or it is too long.
    bool put(const Frame& frame, Receiver& receiver);

    /// Lets a frame be read straight into the guest's pages: sets the pieces of `frame` to them. False if they are not mapped;
    /// there must be room.
    bool prepare(Frame& frame);
    /// The frame has been read into what prepare() prepared.
    void commit(const Frame& frame);

    /// Shows the guest its frames; true if it wants an event.
    [[nodiscard]] bool publish() { return ring_.publish(); }

  private:
    [[nodiscard]] std::uint32_t slots_for(const Frame& frame) const;
    /// The request that holds page `page` of a frame.
    static std::uint32_t place_of(std::uint32_t page, bool has_extra) {
        return page == 0 ? 0 : page + has_extra;
    }
    std::byte* find_page(std::uint32_t reference);
    void put_into_page(std::byte* page, std::uint32_t start, std::uint32_t end, const Frame& frame);
    void copy_later(std::uint32_t reference, std::uint32_t start, std::uint32_t end, const Frame& frame,
                    Receiver& receiver);
    void answer(const Frame& frame);

    Workspace& workspace_;
    GrantedPages& pages_;
    Counters& counters_;
    chaos::DomainId domain_{};
    std::uint32_t features_ = 0;
    std::uint32_t needed_ = 1;   ///< slots that the largest frame takes
    std::uint32_t prepared_ = 0; ///< bytes that the guest's pages of a frame hold
    ReceiveRing ring_;
};

} // namespace xendevd
