// SPDX-License-Identifier: BSD-3-Clause
// The back-end's end of a blkif ring (xen/io/blkif.h, xen/io/ring.h), in the layout of 64-bit or 32-bit guests.
//
// Responses are put in the order of the requests. The protocol asks for no order, but a response takes the place of
// whatever request is the oldest in the ring: if that is always its own, the requests from rsp_prod to req_prod are at any
// moment those still to be answered, and a back-end that takes over from a killed one can carry them out.
//
// Half a response in the place of a request would be read as a request, though. So responses are held here until they are
// published, then shown one by one, and a note in the page (in what xen/io/ring.h leaves between the indices and the
// entries, zero at first) holds the one that is being put: a new back-end puts it again.
#pragma once

#include <cstdint>
#include <vector>

#include <xen/xen.h>

#include <xen/io/blkif.h>

#include "libchaos/result.hpp"
#include "libchaos/xen/grant_table.hpp"

namespace xendevd {

class DiskRing {
  public:
    /// `pages` are 1, 2, 4 or 8 pages of the guest. Starts at rsp_prod. Fails if the indices make no sense.
    static chaos::Result<DiskRing> attach(chaos::xen::GrantMapping pages, bool is_32_bit);

    /// A power of two.
    [[nodiscard]] std::uint32_t entries() const { return entries_; }
    /// Place of the next request to be taken, and of the next to be answered; they count on and wrap at 2^32.
    [[nodiscard]] std::uint32_t next_request() const { return next_request_; }
    [[nodiscard]] std::uint32_t next_response() const { return next_response_; }

    /// How many requests are there to be taken. Fails if the guest claims more than can be.
    [[nodiscard]] chaos::Result<std::uint32_t> available() const;
    /// Copies the next request, whichever the layout; only if one is available.
    blkif_request take();
    /// Asks for an event at the next request; true if one has come meanwhile.
    bool ask_for_event();

    /// Answers the oldest request that is not answered; neither guest nor pages see it before publish().
    void answer(std::uint64_t id, std::uint8_t operation, std::int16_t status);
    /// Shows the guest what was answered; true if it wants an event for that.
    bool publish();

  private:
    DiskRing(chaos::xen::GrantMapping pages, bool is_32_bit);
    [[nodiscard]] std::byte* entry(std::uint32_t place) const;
    void show(const blkif_response& response);
    void show_for_killed();

    chaos::xen::GrantMapping pages_;
    blkif_sring* shared_;
    bool is_32_bit_;
    std::uint32_t entry_size_;
    std::uint32_t entries_;
    std::uint32_t next_request_ = 0;
    std::uint32_t next_response_ = 0;
    std::uint32_t published_ = 0;
    std::vector<blkif_response> held_; ///< from published_ to next_response_
};

} // namespace xendevd
