// SPDX-License-Identifier: BSD-3-Clause
// The process's one io_uring, for the disks of all guests: operations are collected and submitted once per turn of the
// event loop.
#pragma once

#include <liburing.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "libchaos/result.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

/// Something under way in the kernel. It, its buffers and its list of pieces must live until finished() is called.
class IoOperation {
  public:
    /// What the system call would have returned: a number of bytes, 0, or a negative errno.
    virtual void finished(int result) = 0;

  protected:
    ~IoOperation() = default;
};

/// Whoever wants to deal with several finished operations at once.
class IoBatchHandler {
  public:
    /// Everything that had finished was told by IoOperation::finished().
    virtual void batch_finished() = 0;

  protected:
    ~IoBatchHandler() = default;
};

class IoRing final : public std::enable_shared_from_this<IoRing>, Task, DescriptorHandler {
  public:
    static chaos::Result<std::shared_ptr<IoRing>> open(EventLoop& loop);
    ~IoRing();

    void read(int file, std::span<const iovec> pieces, std::uint64_t offset, IoOperation& operation);
    void write(int file, std::span<const iovec> pieces, std::uint64_t offset, IoOperation& operation);
    /// Makes durable what was written, as fdatasync(2).
    void synchronise(int file, IoOperation& operation);
    /// Gives the range back to the storage; it reads as zeros afterwards.
    void discard(int file, std::uint64_t offset, std::uint64_t bytes, IoOperation& operation);

    /// Calls `handler` once when the completions at hand have been told.
    void call_after_batch(IoBatchHandler& handler) { handlers_.push_back(&handler); }
    /// Before `handler` is destroyed.
    void forget(IoBatchHandler& handler);

  private:
    explicit IoRing(EventLoop& loop) : loop_(loop) {}
    void run_task() override { work(); }
    void handle_descriptor(std::uint32_t events) override;
    io_uring_sqe* next_entry(IoOperation& operation);
    void work();
    bool tell_finished();

    EventLoop& loop_;
    io_uring ring_{};
    std::vector<IoBatchHandler*> handlers_;
    std::vector<IoBatchHandler*> being_told_;
    std::vector<IoOperation*> refused_; // finish with -EAGAIN
};

} // namespace xendevd
