// SPDX-License-Identifier: BSD-3-Clause
// Two queues under one lock; the loop hears of what is done by an eventfd.
#include "xendevd/worker.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace xendevd {

using chaos::Error;
using chaos::Result;

Result<std::unique_ptr<Worker>> Worker::open(EventLoop& loop) {
    chaos::UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event.is_open())
        return Error::from_errno("eventfd", errno);
    std::unique_ptr<Worker> worker(new Worker(loop, std::move(event)));
    TRY(loop.add(worker->done_event_.get(), EPOLLIN, *worker));
    return worker;
}

Worker::~Worker() {
    if (has_thread_) {
        {
            const std::lock_guard guard(lock_);
            is_ending_ = true;
        }
        changed_.notify_all();
        (void)::pthread_join(thread_, nullptr); // it was started by us, and nobody else joins it
    }
    loop_.remove(done_event_.get());
}

Result<void> Worker::start() {
    const auto enter = [](void* worker) -> void* {
        static_cast<Worker*>(worker)->work();
        return nullptr;
    };
    if (const int problem = ::pthread_create(&thread_, nullptr, enter, this); problem != 0)
        return Error::from_errno("starting a thread", problem);
    has_thread_ = true;
    // It has made its own start-up calls then, which a system call filter may not know.
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] { return runs_; });
    return {};
}

void Worker::run(std::function<void()> job, std::function<void()> then) {
    if (!has_thread_) {
        job();
        if (then)
            then();
        return;
    }
    {
        const std::lock_guard guard(lock_);
        waiting_.push_back({std::move(job), std::move(then)});
    }
    changed_.notify_all();
}

void Worker::work() {
    std::unique_lock guard(lock_);
    runs_ = true;
    changed_.notify_all();
    while (true) {
        changed_.wait(guard, [&] { return is_ending_ || !waiting_.empty(); });
        if (waiting_.empty())
            return;
        Work work = std::move(waiting_.front());
        waiting_.pop_front();
        guard.unlock();
        work.job();
        work.job = nullptr; // what it held is let go of here, where there is time
        guard.lock();
        done_.push_back(std::move(work));
        const std::uint64_t one = 1;
        (void)!::write(done_event_.get(), &one, sizeof one); // fails only if it is readable anyhow
    }
}

void Worker::handle_descriptor(std::uint32_t) {
    std::uint64_t count = 0;
    (void)!::read(done_event_.get(), &count, sizeof count);
    std::deque<Work> done;
    {
        const std::lock_guard guard(lock_);
        done.swap(done_);
    }
    for (const Work& work : done) {
        if (work.then)
            work.then();
    }
}

} // namespace xendevd
