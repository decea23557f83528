// SPDX-License-Identifier: BSD-3-Clause
// The conversation of one guest with its private store: requests from the ring, replies and events onto it, and a
// journal that lets a new xendevd go on after any byte of it.
//
// A request is copied out of the ring while it stays there, carried out, written into the journal together with its
// reply, answered, and only then taken off the ring. So whoever finds the journal knows from the ring's two positions how
// much of the last request was done: nothing (it is not in the journal), a part of the reply, or all. After a restart
// the events of all changes in the journal are sent once more, and each watch reports as on its registration. The latter
// is not enough: Linux, which watches "device", finds a new device only by an event that names it.
//
// Linux sends an event only when it writes to an empty request ring or reads from a full reply ring. So whoever waits
// must have emptied the one: what is there of an unfinished request is taken off, into the journal. And must have filled
// the other: of what does not fit a part is put, and all of it into the journal.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/store/contents.hpp"
#include "xendevd/store/request.hpp"
#include "xendevd/store/ring.hpp"
#include "xendevd/store/store_journal.hpp"

namespace xendevd {

class StoreSession {
  public:
    StoreSession(chaos::DomainId domain, std::byte* page, StoreJournal& journal);

    /// Takes up what the journal holds; false if that is nothing.
    chaos::Result<bool> restore();

    struct Served {
        bool progress = false; ///< an index moved: the guest wants an event
        bool more = false;     ///< there is more to do at once
    };
    /// One turn: finishes what was begun and carries out a few requests. What the guest changed is added to `made`. An
    /// error means that the guest broke the protocol; nothing must be asked of the session after it but its contents.
    chaos::Result<Served> serve(StoreChanges& made);

    /// A change of ours, told to the guest's watches.
    void change(const StoreChanges& changes);
    [[nodiscard]] const StoreContents& contents() const { return contents_; }
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    /// Why the journal was not written since this was last asked, if it was not. It is written anew with the next change.
    [[nodiscard]] std::optional<chaos::Error> take_journal_problem();

  private:
    /// A request that was carried out and is not taken off the ring yet; or, with no request, an event of which only a
    /// part fitted.
    struct Exchange {
        std::uint32_t request_begin = 0;
        std::uint32_t request_end = 0;
        std::uint32_t reply_begin = 0;
        std::string reply;
    };

    chaos::Result<bool> flush();
    chaos::Result<bool> put_exchange();
    chaos::Result<std::optional<StoreRequest>> next_request(std::uint32_t& end);
    void carry_out(const StoreRequest& request, std::uint32_t end, StoreChanges& made);
    void apply(const StoreChanges& changes);
    void report(StoreEvent event);
    void persist(const std::string& line);
    [[nodiscard]] std::vector<std::string> snapshot() const;
    chaos::Result<void> read_line(const std::string& line);

    chaos::DomainId domain_;
    StoreRing ring_;
    StoreJournal& journal_;
    StoreContents contents_;
    std::optional<Exchange> exchange_;
    std::string parts_;             ///< of an unfinished request, taken off already
    std::uint32_t parts_begin_ = 0; ///< position of the last one
    std::uint32_t parts_end_ = 0;   ///< position behind it
    std::deque<StoreEvent> events_;
    std::size_t snapshot_size_ = 0;
    bool journal_is_behind_ = false;
    std::optional<chaos::Error> journal_problem_;
    std::uint64_t requests_ = 0;
    bool progress_ = false;
};

} // namespace xendevd
