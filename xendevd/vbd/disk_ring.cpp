// SPDX-License-Identifier: BSD-3-Clause
// Taking and answering requests in memory that the guest may change at any moment: each index is read once, each request
// copied once.
#include "xendevd/vbd/disk_ring.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

// In the 32-bit layout a request is the same but for the four bytes that align `id` to 8; a response is the same but for
// what follows its last field.
constexpr std::size_t alignment_begin = 4, alignment_end = 8;
constexpr std::uint32_t entry_size_64 = sizeof(blkif_sring_entry);
constexpr std::uint32_t entry_size_32 = entry_size_64 - (alignment_end - alignment_begin);
static_assert(sizeof(blkif_request) == 112 && entry_size_64 == 112);
static_assert(offsetof(blkif_request, handle) + sizeof(blkif_vdev_t) == alignment_begin &&
              offsetof(blkif_request, id) == alignment_end);
static_assert(offsetof(blkif_request_indirect, nr_segments) + sizeof(std::uint16_t) == alignment_begin &&
              offsetof(blkif_request_indirect, id) == alignment_end);
static_assert(offsetof(blkif_request_discard, id) == alignment_end);
static_assert(offsetof(blkif_response, operation) == 8 && offsetof(blkif_response, status) == 10);
static_assert(offsetof(blkif_sring, ring) == 64);

/// The response that is being put, in the first page.
struct Note {
    std::uint32_t next; ///< rsp_prod once it is put
    std::uint32_t unused;
    blkif_response response;
};
constexpr std::size_t note_offset = 24;
static_assert(note_offset >= offsetof(blkif_sring, pvt) + sizeof(blkif_sring::pvt) &&
              note_offset + sizeof(Note) <= offsetof(blkif_sring, ring) && note_offset % alignof(Note) == 0);

/// Keeps the compiler from reading shared memory again where it could have used the copy.
void forget_shared_memory() {
    asm volatile("" ::: "memory");
}

std::uint32_t load(const std::uint32_t& shared) {
    return std::atomic_ref(const_cast<std::uint32_t&>(shared)).load(std::memory_order_acquire);
}

} // namespace

DiskRing::DiskRing(chaos::xen::GrantMapping pages, bool is_32_bit)
    : pages_(std::move(pages)), shared_(reinterpret_cast<blkif_sring*>(pages_.data())), is_32_bit_(is_32_bit),
      entry_size_(is_32_bit ? entry_size_32 : entry_size_64),
      entries_(std::bit_floor(static_cast<std::uint32_t>(
          (pages_.pages() * chaos::page_size - offsetof(blkif_sring, ring)) / entry_size_))) {}

Result<DiskRing> DiskRing::attach(chaos::xen::GrantMapping pages, bool is_32_bit) {
    DiskRing ring(std::move(pages), is_32_bit);
    ring.next_request_ = ring.next_response_ = ring.published_ = load(ring.shared_->rsp_prod);
    if (TRY(ring.available()) > 0)
        ring.show_for_killed();
    return ring;
}

std::byte* DiskRing::entry(std::uint32_t place) const {
    return pages_.data() + offsetof(blkif_sring, ring) + (place & (entries_ - 1)) * entry_size_;
}

Result<std::uint32_t> DiskRing::available() const {
    // Orders the index against the requests behind it.
    const std::uint32_t produced = load(shared_->req_prod);
    // A place is free again when its answer is on the ring, whether or not the guest has looked at it.
    if (produced - next_response_ > entries_ || produced - next_response_ < next_request_ - next_response_)
        return Error(ErrorKind::guest_failed, "the ring of " + std::to_string(entries_) +
                                                  " requests has req_prod " + std::to_string(produced) +
                                                  " where rsp_prod is " + std::to_string(next_response_));
    return produced - next_request_;
}

blkif_request DiskRing::take() {
    blkif_request request;
    const std::byte* from = entry(next_request_++);
    auto* to = reinterpret_cast<std::byte*>(&request);
    if (is_32_bit_) {
        std::memcpy(to, from, alignment_begin);
        std::memset(to + alignment_begin, 0, alignment_end - alignment_begin);
        std::memcpy(to + alignment_end, from + alignment_begin, sizeof request - alignment_end);
    } else {
        std::memcpy(to, from, sizeof request);
    }
    forget_shared_memory();
    return request;
}

bool DiskRing::ask_for_event() {
    std::atomic_ref(shared_->req_event).store(next_request_ + 1, std::memory_order_relaxed);
    // The guest sees the wish before we look, or we see the request that it puts now.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return load(shared_->req_prod) != next_request_;
}

void DiskRing::answer(std::uint64_t id, std::uint8_t operation, std::int16_t status) {
    held_.push_back({id, operation, status});
    ++next_response_;
}

bool DiskRing::publish() {
    const std::uint32_t before = published_;
    for (const blkif_response& response : held_)
        show(response);
    held_.clear();
    // The guest sees the answers, or we see that it wants an event.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return published_ - load(shared_->rsp_event) < published_ - before;
}

/// At any moment the note is complete and for the next place, or the place is untouched, or rsp_prod is beyond it.
void DiskRing::show(const blkif_response& response) {
    Note& note = *reinterpret_cast<Note*>(pages_.data() + note_offset);
    // The index is beyond the last place before the note changes.
    std::atomic_thread_fence(std::memory_order_release);
    note.response = response;
    std::atomic_ref(note.next).store(published_ + 1, std::memory_order_release);
    // The note is there before the place changes.
    std::atomic_thread_fence(std::memory_order_release);
    std::byte* to = entry(published_);
    std::memcpy(to + offsetof(blkif_response, id), &response.id, sizeof response.id);
    std::memcpy(to + offsetof(blkif_response, operation), &response.operation, sizeof response.operation);
    std::memcpy(to + offsetof(blkif_response, status), &response.status, sizeof response.status);
    // The answer is there before the index says so.
    std::atomic_ref(shared_->rsp_prod).store(++published_, std::memory_order_release);
}

/// An event is not needed: whoever connects sends one.
void DiskRing::show_for_killed() {
    const Note& note = *reinterpret_cast<const Note*>(pages_.data() + note_offset);
    if (load(note.next) != published_ + 1)
        return;
    const blkif_response response = note.response;
    forget_shared_memory();
    show(response);
    next_request_ = next_response_ = published_;
}

} // namespace xendevd
