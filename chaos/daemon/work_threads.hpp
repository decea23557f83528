// SPDX-License-Identifier: BSD-3-Clause
// Threads for what takes time: each has a Host of its own, does one job after the other, and hands the result back to
// the loop.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chaos/daemon/service.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::daemon {

class WorkThreads {
  public:
    struct Options {
        unsigned threads = 1; ///< 0: jobs are done on the loop, one after the other, as tests want it
        std::size_t most_queued = 256; ///< jobs that wait; one more is refused
        bool background = false;       ///< they run when nobody else wants the CPU
    };

    /// The loop must outlive it. A thread opens its Host for its first job.
    WorkThreads(boost::asio::io_context& loop, HostOptions host, Options options);
    WorkThreads(const WorkThreads&) = delete;
    WorkThreads& operator=(const WorkThreads&) = delete;
    /// Waits for the jobs under way, whose stop_fd() is readable from now on. What has not begun is forgotten, and so are
    /// results that the loop has not taken.
    ~WorkThreads();

    /// Has `work` done on one of the threads and then calls `done` on the thread of the loop. Fails through `done` if the
    /// queue is full or the Host cannot be opened. Call it on the thread of the loop.
    template<typename T>
    void ask(std::function<Result<T>(Host&)> work, Done<T> done) {
        if (is_full())
            return finish([done = std::move(done)] { done(too_busy()); });
        put([this, work = std::move(work), done = std::move(done)](Result<Host*> host) mutable {
            auto result =
                std::make_shared<Result<T>>(host ? work(**host) : Result<T>(std::move(host).error()));
            work = nullptr; // what it holds goes on this thread
            finish([done = std::move(done), result] { done(std::move(*result)); });
        });
    }

    /// Becomes readable when the threads are to end: what waits for guests gives up.
    [[nodiscard]] int stop_fd() const { return stop_event_.get(); }
    /// Jobs that have not begun.
    [[nodiscard]] std::size_t queued() const;

  private:
    using Job = std::function<void(Result<Host*>)>;
    using Finish = std::function<void()>;
    struct Worker; // a thread and its Host

    static Error too_busy();
    [[nodiscard]] bool is_full() const;
    void put(Job job);
    void finish(Finish result);
    void take_results();
    void serve(Worker& worker);

    boost::asio::io_context& loop_;
    HostOptions host_options_;
    Options options_;
    UniqueFd stop_event_;
    std::shared_ptr<WorkThreads*> self_; // for handlers that the loop runs after the end of this

    mutable std::mutex mutex_; // of what follows
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    bool stopping_ = false;
    std::vector<std::unique_ptr<Worker>> workers_; // their Hosts outlive the results
    std::deque<Finish> results_;
};

} // namespace chaos::daemon
