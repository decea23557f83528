// SPDX-License-Identifier: BSD-3-Clause
// The loop: epoll for descriptors, one read for all pending event channels, timers in a sorted tree.
#include "xendevd/event_loop.hpp"

#include <sys/epoll.h>

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

EventLoop::EventLoop(chaos::UniqueFd epoll, chaos::xen::EventChannels channels)
    : epoll_(std::move(epoll)), channels_(std::move(channels)) {}

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
    std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(channels)));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = loop->channels_.fd();
    if (::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->channels_.fd(), &event) != 0)
        return Error::from_errno("epoll_ctl", errno);
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

Result<void> EventLoop::turn(std::chrono::milliseconds longest) {
    int wait_ms = longest.count() < 0 ? -1 : static_cast<int>(longest.count());
    if (!tasks_.empty())
        wait_ms = 0;
    else if (!timers_.empty()) {
        const auto until =
            std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now());
        const auto bounded = std::clamp<std::int64_t>(until.count(), 0, 3'600'000);
        wait_ms = wait_ms < 0 ? static_cast<int>(bounded) : std::min(wait_ms, static_cast<int>(bounded));
    }
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
    if (count < 0 && errno != EINTR)
        return Error::from_errno("epoll_wait", errno);
    now_ = Clock::now();
    for (int index = 0; index < count; ++index) {
        const auto& event = events[static_cast<std::size_t>(index)];
        if (event.data.fd == channels_.fd()) {
            TRY(take_events());
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
