// SPDX-License-Identifier: BSD-3-Clause
// The life of a connection, and the way back: what is finished is copied to the guest, if it must be, and answered.
#include "xendevd/vbd/connection.hpp"

#include <cerrno>
#include <cstring>

#include "noxs/noxs.h"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
using chaos::xen::GrantAccess;
using chaos::xen::GrantCopy;

namespace {

// What a front end of stock Linux with a ring of one page uses at most: for each of 32 requests 32 pages of data and one
// of segments. One of noxs uses at most 512.
constexpr std::size_t most_pages_mapped = 32 * 33;

} // namespace

Result<std::shared_ptr<Connection>> Connection::make(std::shared_ptr<Disk> disk, const Offer& offer,
                                                     std::uint32_t features, chaos::EventChannelPort local,
                                                     BackendOwner& owner) {
    auto pages = TRY(disk->daemon.grants.map(offer.domain, offer.rings, GrantAccess::read_write));
    auto ring = TRY(DiskRing::attach(std::move(pages), offer.ring_is_32_bit));
    std::shared_ptr<Connection> self(
        new Connection(std::move(disk), std::move(ring), features, local, owner));
    self->disk_->daemon.loop.run_soon(*self); // there may be requests already
    return self;
}

Connection::Connection(std::shared_ptr<Disk> disk, DiskRing ring, std::uint32_t features,
                       chaos::EventChannelPort local, BackendOwner& owner)
    : disk_(std::move(disk)), ring_(std::move(ring)), local_(local), owner_(&owner) {
    limits_.sectors = disk_->image.sectors();
    limits_.sector_size = disk_->settings.sector_size;
    limits_.read_only = disk_->settings.read_only;
    limits_.features = features;
    requests_.resize(ring_->entries());
    if (features & NOXS_VBD_PERSISTENT)
        persistent_.emplace(disk_->daemon.grants, disk_->domain, disk_->engine->mappings, most_pages_mapped);
}

Connection::~Connection() {
    for (Request& request : requests_)
        give_back_buffer(request);
    disk_->engine->ring->forget(*this);
    if (disk_->waiting == this)
        disk_->waiting = nullptr;
}

bool Connection::is_idle() const {
    return under_way_ == 0 && !flush_ && (!ring_ || ring_->next_request() == ring_->next_response());
}

void Connection::abandon() {
    owner_ = nullptr;
    ring_.reset();
    disk_->left_behind += under_way_;
    disk_->daemon.loop.cancel(*this);
    if (disk_->waiting == this)
        disk_->waiting = nullptr;
}

void Connection::image_failed(Request::Kind kind, int error) {
    if (error == EOPNOTSUPP)
        return;
    static constexpr const char* deeds[] = {"reading", "writing", "flushing", "discarding"};
    disk_->daemon.log.guest(disk_->log_allowance, "domain " + std::to_string(raw(disk_->domain)) + ", disk " +
                                                      disk_->settings.device_name + ": " +
                                                      deeds[static_cast<std::size_t>(kind)] + " " +
                                                      disk_->settings.path + ": " + std::strerror(error));
}

void Connection::transfer_finished(Transfer& transfer) {
    --under_way_;
    if (transfer.changes_image())
        --changes_under_way_;
    bytes_under_way_ -= transfer.data_bytes();
    if (finished_++ == 0)
        disk_->engine->ring->call_after_batch(*this);
    idle_transfers_.push_back(&transfer);
    if (!owner_)
        return;
    for (std::uint32_t place = transfer.first_place(), left = transfer.requests(); left > 0;
         ++place, --left) {
        const Request& request = request_at(place);
        if (request.kind == Request::Kind::read && request.buffer && request.status == BLKIF_RSP_OKAY)
            read_places_.push_back(place);
    }
}

void Connection::batch_finished() {
    const auto keep = under_way_ == 0 ? std::move(keep_) : keep_;
    const std::uint32_t finished = finished_;
    finished_ = 0;
    if (!owner_) {
        disk_->left_behind -= finished;
        if (disk_->left_behind == 0 && disk_->waiting)
            disk_->daemon.loop.run_soon(*disk_->waiting);
        return;
    }
    if (auto delivered = deliver_reads(); !delivered)
        return fail(std::move(delivered).error());
    answer();
    if (flush_ && changes_under_way_ == 0)
        start_flush();
    serve();
}

/// Adds to copies_ what brings the data of `request` from its buffer to the guest, or from there.
void Connection::add_copies(const Request& request, bool to_guest) {
    std::byte* local = request.buffer;
    for (const blkif_request_segment& segment : request.segments) {
        GrantCopy piece{};
        piece.length =
            static_cast<std::uint16_t>((segment.last_sect - segment.first_sect + 1u) * bytes_per_sector);
        chaos::xen::GrantCopyEnd& guest = to_guest ? piece.destination : piece.source;
        guest.granted.reference = segment.gref;
        guest.granted.offset = static_cast<std::uint16_t>(segment.first_sect * bytes_per_sector);
        guest.granted.domain = raw(disk_->domain);
        (to_guest ? piece.source : piece.destination).local = local;
        piece.flags = to_guest ? GrantCopy::destination_granted : GrantCopy::source_granted;
        local += piece.length;
        copies_.push_back(piece);
    }
}

/// Carries out copies_, all in one call.
Result<void> Connection::copy() {
    TRY(disk_->daemon.grants.copy(copies_));
    for (const GrantCopy& piece : copies_) {
        if (piece.status == 0)
            continue;
        const bool from_guest = piece.flags & GrantCopy::source_granted;
        const std::uint32_t reference =
            from_guest ? piece.source.granted.reference : piece.destination.granted.reference;
        return Error(ErrorKind::guest_failed, "a request names grant reference " + std::to_string(reference) +
                                                  ", which cannot be copied " + (from_guest ? "from" : "to"));
    }
    copies_.clear();
    return {};
}

Result<void> Connection::deliver_reads() {
    if (read_places_.empty())
        return {};
    copies_.clear();
    for (const std::uint32_t place : read_places_)
        add_copies(request_at(place), true);
    read_places_.clear();
    return copy();
}

/// Answers what is done, in the order of the ring.
void Connection::answer() {
    const std::uint32_t before = ring_->next_response();
    while (ring_->next_response() != ring_->next_request()) {
        Request& request = request_at(ring_->next_response());
        if (!request.done)
            break;
        ring_->answer(request.id, request.operation, request.status);
        count(request);
        give_back_buffer(request);
        ++answered_;
    }
    if (ring_->next_response() != before && ring_->publish())
        disk_->daemon.loop.notify(local_);
}

void Connection::count(const Request& request) {
    Counters& counters = disk_->counters;
    if (request.status != BLKIF_RSP_OKAY) {
        ++counters.errors;
    } else if (request.kind == Request::Kind::read) {
        ++counters.to_guest_operations;
        counters.to_guest_bytes += request.bytes;
    } else if (request.kind == Request::Kind::write) {
        ++counters.from_guest_operations;
        counters.from_guest_bytes += request.bytes;
    }
}

void Connection::give_back_buffer(Request& request) {
    if (request.buffer)
        disk_->engine->buffers.give_back(request.buffer, static_cast<std::size_t>(request.bytes));
    request.buffer = nullptr;
    if (request.segments.capacity() > BLKIF_MAX_SEGMENTS_PER_REQUEST)
        std::vector<blkif_request_segment>().swap(
            request.segments); // too much to keep for each place of the ring
}

void Connection::fail(Error reason) {
    const auto keep = shared_from_this();
    owner_->backend_failed(std::move(reason)); // who disconnects us
}

} // namespace xendevd
