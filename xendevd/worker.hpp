// SPDX-License-Identifier: BSD-3-Clause
// A thread beside the loop, for calls that the kernel or another process takes its time to answer.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

/// Carries out jobs one after the other, in the order in which they were given. What a job works with must be its own, or
/// no one else's until what follows it has run.
class Worker final : DescriptorHandler {
  public:
    static chaos::Result<std::unique_ptr<Worker>> open(EventLoop& loop);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    /// Waits until the jobs have been carried out; what was to follow them is not called any more.
    ~Worker();

    /// Starts the thread, which has the rights that its caller has now. Until then jobs are carried out by run() itself, so
    /// that the start of a process happens in one order.
    chaos::Result<void> start();
    /// Has `job` carried out, and then calls `then`, which may be empty, in the loop.
    void run(std::function<void()> job, std::function<void()> then);

  private:
    struct Work {
        std::function<void()> job, then;
    };
    Worker(EventLoop& loop, chaos::UniqueFd done_event) : loop_(loop), done_event_(std::move(done_event)) {}
    void handle_descriptor(std::uint32_t events) override;
    void work();

    EventLoop& loop_;
    chaos::UniqueFd done_event_; ///< readable when something is in done_
    pthread_t thread_{};
    bool has_thread_ = false;

    std::mutex lock_; // of all below
    std::condition_variable changed_;
    std::deque<Work> waiting_, done_;
    bool runs_ = false;
    bool is_ending_ = false;
};

} // namespace xendevd
