// SPDX-License-Identifier: BSD-3-Clause
// Serving a ring, one request at a time.
#include "xendevd/store/session.hpp"

#include <algorithm>
#include <cstring>

#include "xendevd/store/paths.hpp"
#include "xendevd/store/session_lines.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

constexpr int requests_in_a_turn = 16;
/// More than all watches could report of a few changes: only a guest that reads no events has so many.
constexpr std::size_t most_events = 1024;
constexpr std::size_t journal_slack = 65536;

static_assert(StoreRequest::header_bytes + longest_store_path + StoreQuota::token_bytes + 2 <=
              StoreRing::capacity);

Error bad_index() {
    return Error(ErrorKind::guest_failed, "an index of its store's ring is impossible");
}

} // namespace

StoreSession::StoreSession(chaos::DomainId domain, std::byte* page, StoreJournal& journal)
    : domain_(domain), ring_(page), journal_(journal), contents_(store_home(domain)) {}

Result<StoreSession::Served> StoreSession::serve(StoreChanges& made) {
    progress_ = false;
    if (!ring_.room())
        return bad_index();
    bool more = TRY(flush());
    for (int count = 0; more && count < requests_in_a_turn; ++count) {
        std::uint32_t end = 0;
        const std::uint32_t before = ring_.request_position();
        const auto request = TRY(next_request(end));
        if (request) {
            carry_out(*request, end, made);
            more = TRY(flush());
        } else {
            more = ring_.request_position() != before;
        }
    }
    return Served{progress_, more};
}

/// Puts what there is onto the ring; true if all of it fitted.
Result<bool> StoreSession::flush() {
    if (exchange_ && !TRY(put_exchange()))
        return false;
    while (!events_.empty()) {
        const std::string message = event_message(events_.front());
        events_.pop_front();
        const auto room = ring_.room();
        if (!room)
            return bad_index();
        if (message.size() <= *room) {
            ring_.put(message);
            progress_ = true;
            continue;
        }
        const std::uint32_t position = ring_.request_position();
        exchange_ = Exchange{position, position, ring_.reply_position(), message};
        persist(exchange_line({}, position, position, exchange_->reply_begin, message));
        if (!TRY(put_exchange()))
            return false;
    }
    return true;
}

/// Puts the rest of a reply, and then takes its request off the ring; false if the ring is full before.
Result<bool> StoreSession::put_exchange() {
    for (;;) {
        const std::size_t sent = ring_.reply_position() - exchange_->reply_begin;
        const auto room = ring_.room();
        if (!room)
            return bad_index();
        if (sent == exchange_->reply.size())
            break;
        if (*room == 0)
            return false;
        ring_.put(std::string_view(exchange_->reply).substr(sent, *room));
        progress_ = true;
    }
    if (exchange_->request_end != ring_.request_position()) {
        ring_.consume_to(exchange_->request_end);
        progress_ = true;
    }
    exchange_.reset();
    return true;
}

/// The next request, if it is there as a whole; `end` becomes the position behind it. If it is not, what there is of it
/// is taken off.
Result<std::optional<StoreRequest>> StoreSession::next_request(std::uint32_t& end) {
    const auto available = ring_.readable();
    if (!available)
        return bad_index();
    if (*available == 0)
        return std::optional<StoreRequest>{};
    std::string bytes = parts_;
    bytes.resize(parts_.size() + *available);
    ring_.peek(0, std::span(bytes).subspan(parts_.size()));
    std::size_t size = sizeof(xsd_sockmsg);
    xsd_sockmsg header{};
    if (bytes.size() >= size) {
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.len > StoreRequest::most_payload)
            return Error(ErrorKind::guest_failed, "it sent a store request of " + std::to_string(header.len) +
                                                      " bytes: 4096 are the most");
        size += header.len;
    }
    if (bytes.size() < size || bytes.size() < sizeof header) {
        parts_ = std::move(bytes);
        parts_begin_ = ring_.request_position();
        parts_end_ = parts_begin_ + static_cast<std::uint32_t>(*available);
        persist(
            part_line(parts_begin_, parts_end_, std::string_view(parts_).substr(parts_.size() - *available)));
        ring_.consume_to(parts_end_);
        progress_ = true;
        return std::optional<StoreRequest>{};
    }
    end = ring_.request_position() + static_cast<std::uint32_t>(size - parts_.size());
    return std::optional(
        StoreRequest{header.type, header.req_id, header.tx_id, bytes.substr(sizeof header, header.len)});
}

void StoreSession::carry_out(const StoreRequest& request, std::uint32_t end, StoreChanges& made) {
    ++requests_;
    const StoreOutcome outcome = execute(contents_, domain_, request);
    exchange_ =
        Exchange{ring_.request_position(), end, ring_.reply_position(), reply_message(request, outcome)};
    parts_.clear();
    apply(outcome.changes);
    persist(exchange_line(outcome.changes, exchange_->request_begin, exchange_->request_end,
                          exchange_->reply_begin, exchange_->reply));
    made.insert(made.end(), outcome.changes.begin(), outcome.changes.end());
}

void StoreSession::change(const StoreChanges& changes) {
    apply(changes);
    persist(changes_line(changes));
}

void StoreSession::apply(const StoreChanges& changes) {
    std::vector<StoreEvent> events;
    for (const StoreChange& change : changes)
        contents_.apply(change, events);
    for (StoreEvent& event : events)
        report(std::move(event));
}

void StoreSession::report(StoreEvent event) {
    // An event says "look again": one that is still to be sent says it for both.
    if (events_.size() < most_events && std::ranges::find(events_, event) == events_.end())
        events_.push_back(std::move(event));
}

void StoreSession::persist(const std::string& line) {
    Result<void> written;
    if (journal_is_behind_ || journal_.size() + line.size() > 2 * snapshot_size_ + journal_slack) {
        written = journal_.replace(snapshot());
        snapshot_size_ = journal_.size();
    } else {
        written = journal_.append(line);
    }
    journal_is_behind_ = !written;
    if (!written)
        journal_problem_ = std::move(written).error();
}

std::optional<Error> StoreSession::take_journal_problem() {
    return std::exchange(journal_problem_, std::nullopt);
}

} // namespace xendevd
