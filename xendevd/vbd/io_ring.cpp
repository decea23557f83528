// SPDX-License-Identifier: BSD-3-Clause
// Submission and completion over liburing. What is in the page cache is read while it is submitted, so its completion
// is there when the submitting call returns: a small read costs one system call, or less if others go with it.
#include "xendevd/vbd/io_ring.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace xendevd {

using chaos::Error;
using chaos::Result;

namespace {

constexpr unsigned submission_entries = 512;
// More may be under way: the kernel keeps what does not fit until there is room.
constexpr unsigned completion_entries = 4096;
// Completions bring new requests, which are submitted at once; then it is the turn of the other devices.
constexpr int rounds_per_turn = 4;
constexpr unsigned told_at_once = 256;

int open_ring(io_uring& ring, unsigned flags) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | flags;
    parameters.cq_entries = completion_entries;
    return io_uring_queue_init_params(submission_entries, &ring, &parameters);
}

} // namespace

Result<std::shared_ptr<IoRing>> IoRing::open(EventLoop& loop) {
    std::shared_ptr<IoRing> self(new IoRing(loop));
    self->ring_.ring_fd = -1;
    // Saves interrupts where the kernel knows it (Linux 5.19). Not IORING_SETUP_DEFER_TASKRUN: with it the descriptor does not
    // become readable when something finishes.
    int error = open_ring(self->ring_, IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SUBMIT_ALL);
    if (error == -EINVAL)
        error = open_ring(self->ring_, 0);
    if (error != 0) {
        self->ring_.ring_fd = -1;
        return Error::from_errno("io_uring_setup", -error)
            .while_doing("preparing to serve disks")
            .advise(
                "disks need io_uring: see the sysctl kernel.io_uring_disabled and the service's seccomp filter");
    }
    (void)io_uring_register_ring_fd(&self->ring_); // saves looking up the descriptor; works without
    TRY(loop.add(self->ring_.ring_fd, EPOLLIN, *self));
    return self;
}

IoRing::~IoRing() {
    if (ring_.ring_fd < 0)
        return;
    loop_.remove(ring_.ring_fd);
    io_uring_queue_exit(&ring_);
}

io_uring_sqe* IoRing::next_entry(IoOperation& operation) {
    loop_.run_soon(*this);
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (!entry) { // full
        (void)io_uring_submit(&ring_);
        entry = io_uring_get_sqe(&ring_);
    }
    if (!entry) // the kernel has no memory for it now
        refused_.push_back(&operation);
    return entry;
}

// The preparing functions of liburing set every field, and the user data to zero: it is set after them.
void IoRing::read(int file, std::span<const iovec> pieces, std::uint64_t offset, IoOperation& operation) {
    io_uring_sqe* entry = next_entry(operation);
    if (!entry)
        return;
    io_uring_prep_readv(entry, file, pieces.data(), static_cast<unsigned>(pieces.size()), offset);
    io_uring_sqe_set_data(entry, &operation);
}

void IoRing::write(int file, std::span<const iovec> pieces, std::uint64_t offset, IoOperation& operation) {
    io_uring_sqe* entry = next_entry(operation);
    if (!entry)
        return;
    io_uring_prep_writev(entry, file, pieces.data(), static_cast<unsigned>(pieces.size()), offset);
    io_uring_sqe_set_data(entry, &operation);
}

void IoRing::synchronise(int file, IoOperation& operation) {
    io_uring_sqe* entry = next_entry(operation);
    if (!entry)
        return;
    io_uring_prep_fsync(entry, file, IORING_FSYNC_DATASYNC);
    io_uring_sqe_set_data(entry, &operation);
}

void IoRing::discard(int file, std::uint64_t offset, std::uint64_t bytes, IoOperation& operation) {
    io_uring_sqe* entry = next_entry(operation);
    if (!entry)
        return;
    io_uring_prep_fallocate(entry, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                            static_cast<off_t>(offset), static_cast<off_t>(bytes));
    io_uring_sqe_set_data(entry, &operation);
}

void IoRing::forget(IoBatchHandler& handler) {
    for (auto* list : {&handlers_, &being_told_})
        std::replace(list->begin(), list->end(), &handler, static_cast<IoBatchHandler*>(nullptr));
}

void IoRing::handle_descriptor(std::uint32_t) {
    work();
}

void IoRing::work() {
    const auto keep = shared_from_this(); // the last disk may go with what is told here
    for (int round = 0; round < rounds_per_turn; ++round) {
        if (io_uring_sq_ready(&ring_) > 0)
            (void)io_uring_submit(&ring_); // what it cannot take now stays and is submitted in the next turn
        if (!tell_finished())
            break;
        // Those added meanwhile belong to the next round.
        being_told_.clear();
        being_told_.swap(handlers_);
        for (std::size_t index = 0; index < being_told_.size(); ++index) {
            if (being_told_[index])
                being_told_[index]->batch_finished();
        }
    }
    if (io_uring_sq_ready(&ring_) > 0 || io_uring_cq_ready(&ring_) > 0 || !refused_.empty())
        loop_.run_soon(*this);
}

bool IoRing::tell_finished() {
    std::array<io_uring_cqe*, told_at_once> entries;
    struct Finished {
        IoOperation* operation;
        int result;
    };
    std::array<Finished, told_at_once> finished;
    const unsigned count = io_uring_peek_batch_cqe(&ring_, entries.data(), told_at_once);
    for (unsigned index = 0; index < count; ++index) {
        const io_uring_cqe& entry = *entries[index];
        finished[index] = {static_cast<IoOperation*>(io_uring_cqe_get_data(&entry)), entry.res};
    }
    io_uring_cq_advance(&ring_, count);
    for (const auto& [operation, result] : std::span(finished).first(count))
        operation->finished(result);
    std::vector<IoOperation*> refused;
    refused.swap(refused_);
    for (IoOperation* operation : refused)
        operation->finished(-EAGAIN);
    return count > 0 || !refused.empty();
}

} // namespace xendevd
