// SPDX-License-Identifier: BSD-3-Clause
// The way in: requests are copied off the ring a batch at a time, checked, given memory, and started.
#include <algorithm>
#include <cstring>

#include "noxs/noxs.h"
#include "xendevd/vbd/connection.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
using chaos::xen::GrantCopy;

namespace {

constexpr std::size_t most_requests_per_batch = 64;
constexpr unsigned most_batches_per_turn = 4;
// Of one device, so that one does not take all buffers; a single request may go beyond.
constexpr std::uint64_t most_bytes_under_way = 4 << 20;
constexpr auto wait_for_buffers = std::chrono::milliseconds(1);

Error no_driver_asks(const char* what) {
    return Error(ErrorKind::guest_failed, std::string("a request ") + what);
}

} // namespace

void Connection::serve() {
    if (!owner_)
        return;
    if (auto taken = take_and_start(); !taken)
        fail(std::move(taken).error());
}

Result<void> Connection::take_and_start() {
    for (unsigned batches = 0;; ++batches) {
        const std::uint32_t available = TRY(ring_->available());
        if (available == 0 && !ring_->ask_for_event())
            break;
        if (batches == most_batches_per_turn) {
            disk_->daemon.loop.run_soon(*this);
            break;
        }
        if (available == 0)
            continue;
        TRY(take_batch(available));
        if (batch_.empty())
            break; // something has to finish, or time to pass, before more is taken
        TRY(fetch_segments());
        TRY(check_batch());
        TRY(place_data());
        start_batch();
    }
    answer(); // what was refused
    return {};
}

bool Connection::may_take() {
    EventLoop& loop = disk_->daemon.loop;
    if (!taking_ || flush_)
        return false;
    if (disk_->left_behind > 0) {
        disk_->waiting = this;
        return false;
    }
    if (bytes_under_way_ + batch_bytes_ >= most_bytes_under_way)
        return false;
    if (disk_->engine->buffers.is_full()) {
        loop.run_at(loop.now() + wait_for_buffers, *this);
        return false;
    }
    if (!disk_->rate.allows(loop.now())) {
        loop.run_at(disk_->rate.next(), *this);
        return false;
    }
    return true;
}

Result<void> Connection::take_batch(std::uint32_t available) {
    batch_.clear();
    batch_bytes_ = 0;
    while (available-- > 0 && batch_.size() < most_requests_per_batch && may_take()) {
        const std::uint32_t place = ring_->next_request();
        const blkif_request copy = ring_->take();
        ++taken_;
        Request& request = request_at(place);
        const Verdict verdict = request.read(copy, limits_);
        if (verdict == Verdict::breaks_device)
            return no_driver_asks("has more segments than there can be");
        Taken taken;
        taken.place = place;
        taken.carry_out = verdict == Verdict::carry_out;
        request.done = !taken.carry_out;
        batch_.push_back(taken);
        // Not known exactly before the segments are; check_batch() corrects it.
        if (taken.carry_out)
            batch_bytes_ += request.segment_count * chaos::page_size;
        disk_->rate.charge(static_cast<double>(request.segment_count) * chaos::page_size, 1);
        if (request.kind == Request::Kind::flush)
            break;
    }
    return {};
}

/// Brings in the segments of indirect requests.
Result<void> Connection::fetch_segments() {
    const auto needs_them = [this](const Taken& taken) {
        return taken.carry_out && request_at(taken.place).is_indirect;
    };
    const auto count = static_cast<std::size_t>(std::count_if(batch_.begin(), batch_.end(), needs_them));
    if (count == 0)
        return {};
    constexpr std::size_t bytes_each = most_segments * sizeof(blkif_request_segment);
    segment_pages_.resize(count * bytes_each);
    copies_.clear();
    std::byte* to = segment_pages_.data();
    for (const Taken& taken : batch_) {
        if (!needs_them(taken))
            continue;
        const Request& request = request_at(taken.place);
        const std::size_t bytes = request.segment_count * sizeof(blkif_request_segment);
        if (persistent_ && persistent_->map(std::span(&request.segment_page, 1), taken_, answered_)) {
            std::memcpy(to, persistent_->find(request.segment_page, taken_), bytes);
        } else {
            GrantCopy piece{};
            piece.source.granted.reference = request.segment_page;
            piece.source.granted.domain = raw(disk_->domain);
            piece.destination.local = to;
            piece.length = static_cast<std::uint16_t>(bytes);
            piece.flags = GrantCopy::source_granted;
            copies_.push_back(piece);
        }
        to += bytes_each;
    }
    TRY(copy());
    const std::byte* from = segment_pages_.data();
    for (const Taken& taken : batch_) {
        if (!needs_them(taken))
            continue;
        Request& request = request_at(taken.place);
        request.segments.resize(request.segment_count);
        std::memcpy(request.segments.data(), from, request.segment_count * sizeof(blkif_request_segment));
        from += bytes_each;
    }
    return {};
}

Result<void> Connection::check_batch() {
    for (Taken& taken : batch_) {
        Request& request = request_at(taken.place);
        if (taken.carry_out) {
            const Verdict verdict = request.check(limits_);
            if (verdict == Verdict::breaks_device)
                return no_driver_asks("has a segment that reaches beyond its page");
            taken.carry_out = verdict == Verdict::carry_out;
            request.done = !taken.carry_out;
        }
        if (request.segment_count > 0)
            disk_->rate.charge(static_cast<double>(request.bytes) -
                                   static_cast<double>(request.segment_count) * chaos::page_size,
                               0);
    }
    return {};
}

/// Finds memory for the data of each request, and fills it if the image is to be written.
Result<void> Connection::place_data() {
    pieces_.clear();
    copies_.clear();
    for (Taken& taken : batch_) {
        Request& request = request_at(taken.place);
        if (!taken.carry_out || request.segments.empty())
            continue;
        taken.first_piece = pieces_.size();
        if (!place_in_guest(request) && !place_in_buffer(request)) {
            taken.carry_out = false;
            request.status = BLKIF_RSP_ERROR;
            request.done = true;
            image_failed(request.kind, ENOMEM);
        }
        taken.pieces = pieces_.size() - taken.first_piece;
    }
    return copy();
}

/// Has the kernel move the data between image and guest, without a copy in between.
bool Connection::place_in_guest(const Request& request) {
    if (!persistent_)
        return false;
    references_.clear();
    for (const blkif_request_segment& segment : request.segments)
        references_.push_back(segment.gref);
    if (!persistent_->map(references_, taken_, answered_))
        return false;
    const std::size_t first = pieces_.size();
    for (const blkif_request_segment& segment : request.segments) {
        std::byte* begin = persistent_->find(segment.gref, taken_) + segment.first_sect * bytes_per_sector;
        const std::size_t length = (segment.last_sect - segment.first_sect + 1u) * bytes_per_sector;
        if (pieces_.size() > first &&
            static_cast<std::byte*>(pieces_.back().iov_base) + pieces_.back().iov_len == begin)
            pieces_.back().iov_len += length;
        else
            pieces_.push_back({begin, length});
    }
    return true;
}

bool Connection::place_in_buffer(Request& request) {
    request.buffer = disk_->engine->buffers.take(static_cast<std::size_t>(request.bytes));
    if (!request.buffer)
        return false;
    pieces_.push_back({request.buffer, static_cast<std::size_t>(request.bytes)});
    if (request.kind == Request::Kind::write)
        add_copies(request, false);
    return true;
}

void Connection::start_batch() {
    Transfer* open = nullptr; // not started, because the next request may go on where it ends
    const auto start_open = [&] {
        if (open)
            start(*open);
        open = nullptr;
    };
    for (const Taken& taken : batch_) {
        const Request& request = request_at(taken.place);
        const auto pieces = std::span(pieces_).subspan(taken.first_piece, taken.pieces);
        if (taken.carry_out && open && open->append(request, pieces))
            continue;
        start_open();
        if (!taken.carry_out)
            continue;
        if (request.kind == Request::Kind::flush) {
            flush_ = taken.place;
            continue;
        }
        open = &idle_transfer();
        open->begin(taken.place, request, pieces);
    }
    start_open();
    if (flush_ && changes_under_way_ == 0)
        start_flush();
}

void Connection::start_flush() {
    Transfer& transfer = idle_transfer();
    transfer.begin(*flush_, request_at(*flush_), {});
    flush_.reset();
    start(transfer);
}

Transfer& Connection::idle_transfer() {
    if (idle_transfers_.empty()) {
        transfers_.emplace_back(new Transfer(*this));
        return *transfers_.back();
    }
    Transfer& transfer = *idle_transfers_.back();
    idle_transfers_.pop_back();
    return transfer;
}

void Connection::start(Transfer& transfer) {
    if (under_way_++ == 0)
        keep_ = shared_from_this();
    if (transfer.changes_image())
        ++changes_under_way_;
    bytes_under_way_ += transfer.data_bytes();
    transfer.start(*disk_->engine->ring, disk_->image.file());
}

} // namespace xendevd
