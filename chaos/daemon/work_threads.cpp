// SPDX-License-Identifier: BSD-3-Clause
// A queue of jobs, threads that take them, and a queue of results that the loop takes.
#include "chaos/daemon/work_threads.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace chaos::daemon {

struct WorkThreads::Worker {
    std::unique_ptr<Host> host;
    std::thread thread;

    Result<Host*> opened(const HostOptions& options) {
        if (!host)
            host = std::make_unique<Host>(TRY(Host::open(options)));
        return host.get();
    }
};

namespace {

/// A thread that may not be made one of the background works on as any other.
void yield_to_everybody() {
    const sched_param none{};
    (void)::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &none);
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19);
}

} // namespace

WorkThreads::WorkThreads(boost::asio::io_context& loop, HostOptions host, Options options)
    : loop_(loop), host_options_(std::move(host)), options_(options),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), self_(std::make_shared<WorkThreads*>(this)) {
    const unsigned count = options.threads == 0 ? 1 : options.threads;
    for (unsigned number = 0; number < count; ++number)
        workers_.push_back(std::make_unique<Worker>());
    if (options.threads == 0)
        return;
    // Signals are the loop's.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    for (const auto& worker : workers_)
        worker->thread = std::thread([this, &worker = *worker] { serve(worker); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WorkThreads::~WorkThreads() {
    *self_ = nullptr;
    const std::uint64_t one = 1;
    if (::write(stop_event_.get(), &one, sizeof one) != sizeof one) {
        // A counter that holds 0 takes a 1.
    }
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        jobs_.clear();
    }
    wake_.notify_all();
    for (const auto& worker : workers_)
        if (worker->thread.joinable())
            worker->thread.join();
}

Error WorkThreads::too_busy() {
    return Error(ErrorKind::system, "chaosd has more to do than it takes on")
        .advise("Try again when it has done some of it.");
}

bool WorkThreads::is_full() const {
    return queued() >= options_.most_queued;
}

std::size_t WorkThreads::queued() const {
    const std::lock_guard lock(mutex_);
    return jobs_.size();
}

void WorkThreads::put(Job job) {
    if (options_.threads == 0) {
        finish([this, job = std::move(job)] { job(workers_.front()->opened(host_options_)); });
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
}

void WorkThreads::serve(Worker& worker) {
    if (options_.background)
        yield_to_everybody();
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
            if (stopping_)
                return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job(worker.opened(host_options_));
    }
}

void WorkThreads::finish(Finish result) {
    {
        const std::lock_guard lock(mutex_);
        results_.push_back(std::move(result));
    }
    boost::asio::post(loop_, [self = self_] {
        if (*self)
            (*self)->take_results();
    });
}

/// One at a time, so that the loop looks at everything else in between.
void WorkThreads::take_results() {
    Finish result;
    {
        const std::lock_guard lock(mutex_);
        if (results_.empty())
            return;
        result = std::move(results_.front());
        results_.pop_front();
    }
    result();
}

} // namespace chaos::daemon
