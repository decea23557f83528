// SPDX-License-Identifier: BSD-3-Clause
// The loop: epoll for descriptors, one read for all pending event channels, timers in a sorted tree. A time-out of epoll's own
// would have the kernel set and cancel a timer each time that the loop waits, which is several times for each frame.
#include "xendevd/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace xendevd {

using chaos::Error;
using chaos::EventChannelPort;
using chaos::Result;

Task::~Task() {
    if (queued_in_)
        std::erase(queued_in_->tasks_, this);
}

Timer::~Timer() {
    if (set_in_)
        set_in_->cancel(*this);
}

EventLoop::EventLoop(chaos::UniqueFd epoll, chaos::UniqueFd alarm, chaos::xen::EventChannels channels)
    : epoll_(std::move(epoll)), alarm_(std::move(alarm)), channels_(std::move(channels)) {}

EventLoop::~EventLoop() {
    for (Task* task : tasks_)
        task->queued_in_ = nullptr;
    for (auto& [when, timer] : timers_)
        timer->set_in_ = nullptr;
}

Result<std::unique_ptr<EventLoop>> EventLoop::open() {
    chaos::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open())
        return Error::from_errno("epoll_create1", errno);
    auto channels = TRY(chaos::xen::EventChannels::open());
    chaos::UniqueFd alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!alarm.is_open())
        return Error::from_errno("timerfd_create", errno);
    std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(alarm), std::move(channels)));
    for (const int descriptor : {loop->channels_.fd(), loop->alarm_.get()}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = descriptor;
        if (::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
            return Error::from_errno("epoll_ctl", errno);
    }
    return loop;
}

Result<void> EventLoop::add(int descriptor, std::uint32_t events, DescriptorHandler& handler) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        return Error::from_errno("epoll_ctl", errno);
    const auto index = static_cast<std::size_t>(descriptor);
    if (descriptors_.size() <= index)
        descriptors_.resize(index + 1);
    descriptors_[index] = &handler;
    return {};
}

Result<void> EventLoop::change(int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) != 0)
        return Error::from_errno("epoll_ctl", errno);
    return {};
}

void EventLoop::remove(int descriptor) {
    const auto index = static_cast<std::size_t>(descriptor);
    if (descriptor < 0 || index >= descriptors_.size() || !descriptors_[index])
        return;
    (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr); // fails only if it is not there
    descriptors_[index] = nullptr;
}

Result<EventChannelPort> EventLoop::bind(chaos::DomainId guest, EventChannelPort remote,
                                         PortHandler& handler) {
    const EventChannelPort local = TRY(channels_.bind(guest, remote));
    if (ports_.size() <= raw(local))
        ports_.resize(raw(local) + 1);
    ports_[raw(local)] = &handler;
    notify(local);
    return local;
}

void EventLoop::unbind(EventChannelPort local) {
    if (raw(local) >= ports_.size() || !ports_[raw(local)])
        return;
    ports_[raw(local)] = nullptr;
    (void)channels_.unbind(local); // a bound port can always be unbound
}

void EventLoop::notify(EventChannelPort local) {
    (void)channels_.notify(local); // the guest is gone: its devices will be told so
}

void EventLoop::run_soon(Task& task) {
    if (task.queued_in_)
        return;
    task.queued_in_ = this;
    tasks_.push_back(&task);
}

void EventLoop::run_at(Clock::time_point when, Timer& timer) {
    cancel(timer);
    timer.place_ = timers_.emplace(when, &timer);
    timer.set_in_ = this;
}

void EventLoop::cancel(Timer& timer) {
    if (!timer.set_in_)
        return;
    timers_.erase(timer.place_);
    timer.set_in_ = nullptr;
}

Result<void> EventLoop::take_events() {
    std::array<EventChannelPort, 256> pending;
    const std::size_t count = TRY(channels_.take_all_pending(pending));
    for (const EventChannelPort port : std::span(pending).first(count)) {
        // Whoever had it may have let it go a moment ago.
        if (raw(port) < ports_.size() && ports_[raw(port)])
            ports_[raw(port)]->handle_event();
    }
    // Unmasked after the handlers looked: what came meanwhile is delivered now.
    return channels_.unmask_all(std::span(pending).first(count));
}

void EventLoop::run_tasks() {
    // Those queued by the tasks themselves wait for the next turn.
    for (std::size_t count = tasks_.size(); count > 0 && !tasks_.empty(); --count) {
        Task* task = tasks_.front();
        tasks_.pop_front();
        task->queued_in_ = nullptr;
        task->run_task();
    }
}

void EventLoop::run_timers() {
    while (!timers_.empty() && timers_.begin()->first <= now_) {
        Timer* timer = timers_.begin()->second;
        cancel(*timer);
        timer->run_timer();
    }
}

/// Sees to it that the loop wakes for the next timer. An alarm that is set too early is left: it wakes once for nothing.
Result<void> EventLoop::set_alarm() {
    if (timers_.empty() || timers_.begin()->first >= alarm_time_)
        return {};
    const auto since_start = timers_.begin()->first.time_since_epoch(); // of CLOCK_MONOTONIC
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
    itimerspec when{};
    when.it_value.tv_sec = seconds.count();
    when.it_value.tv_nsec = std::chrono::nanoseconds(since_start - seconds).count();
    if (::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0)
        return Error::from_errno("timerfd_settime", errno);
    alarm_time_ = timers_.begin()->first;
    return {};
}

Result<void> EventLoop::turn(std::chrono::milliseconds longest) {
    TRY(set_alarm());
    const int wait_ms = !tasks_.empty() ? 0 : longest.count() < 0 ? -1 : static_cast<int>(longest.count());
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
    if (count < 0 && errno != EINTR)
        return Error::from_errno("epoll_wait", errno);
    now_ = Clock::now();
    ++turns_;
    for (int index = 0; index < count; ++index) {
        const auto& event = events[static_cast<std::size_t>(index)];
        if (event.data.fd == channels_.fd()) {
            TRY(take_events());
            continue;
        }
        if (event.data.fd == alarm_.get()) {
            std::uint64_t rings = 0;
            (void)!::read(alarm_.get(), &rings, sizeof rings); // the timers tell what is due
            alarm_time_ = Clock::time_point::max();
            continue;
        }
        const auto descriptor = static_cast<std::size_t>(event.data.fd);
        if (descriptor < descriptors_.size() && descriptors_[descriptor])
            descriptors_[descriptor]->handle_descriptor(event.events);
    }
    run_timers();
    run_tasks();
    return {};
}

Result<void> EventLoop::run() {
    while (!stopping_)
        TRY(turn(std::chrono::milliseconds(-1)));
    return {};
}

} // namespace xendevd
