// SPDX-License-Identifier: BSD-3-Clause
// The one loop that everything in xendevd happens in: descriptors, the guests' event channels, timers, and work put
// off until the others had their turn.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/event_channel.hpp"

namespace xendevd {

using Clock = std::chrono::steady_clock;

/// Whoever has a descriptor in the loop. `events` are those of epoll(7).
class DescriptorHandler {
  public:
    virtual void handle_descriptor(std::uint32_t events) = 0;

  protected:
    ~DescriptorHandler() = default;
};

/// Whoever has an event channel in the loop. Events carry no data, may be merged and may be spurious.
class PortHandler {
  public:
    virtual void handle_event() = 0;

  protected:
    ~PortHandler() = default;
};

class EventLoop;

/// Work to be done once more, after everything that is ready now had its turn: a device with more to do than one turn
/// allows puts itself there rather than keep the others waiting. Leaves the loop when it is destroyed.
class Task {
  public:
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual void run_task() = 0;

  protected:
    ~Task();

  private:
    friend class EventLoop;
    EventLoop* queued_in_ = nullptr;
};

/// A call at a point in time, once. Setting it again moves it. Leaves the loop when it is destroyed.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual void run_timer() = 0;
    [[nodiscard]] bool is_set() const { return set_in_ != nullptr; }

  protected:
    ~Timer();

  private:
    friend class EventLoop;
    EventLoop* set_in_ = nullptr;
    std::multimap<Clock::time_point, Timer*>::iterator place_;
};

/// Not thread safe, and single: all of xendevd but its worker is one thread. Handlers must outlive their registration; each may remove
/// itself or any other, or destroy any object, from within a call.
class EventLoop {
  public:
    static chaos::Result<std::unique_ptr<EventLoop>> open();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    /// Calls `handler` when `descriptor` has one of `events` (EPOLLIN, EPOLLOUT, …; level-triggered).
    chaos::Result<void> add(int descriptor, std::uint32_t events, DescriptorHandler& handler);
    chaos::Result<void> change(int descriptor, std::uint32_t events);
    /// Before the descriptor is closed.
    void remove(int descriptor);

    /// Binds to `remote`, a port that `guest` holds for this domain, and calls `handler` for each event. The first
    /// comes at once; and the guest gets one, for it may wait for one that a killed xendevd had no time to send.
    chaos::Result<chaos::EventChannelPort> bind(chaos::DomainId guest, chaos::EventChannelPort remote,
                                                PortHandler& handler);
    void unbind(chaos::EventChannelPort local);
    /// Sends an event; one to a guest that is gone is lost.
    void notify(chaos::EventChannelPort local);

    void run_soon(Task& task);
    void run_at(Clock::time_point when, Timer& timer);
    void cancel(Timer& timer);
    /// The time at which this turn of the loop began: exact enough for time-outs and rates, and free.
    [[nodiscard]] Clock::time_point now() const { return now_; }
    /// How many turns there were: tells whether a descriptor was ready in two turns running.
    [[nodiscard]] std::uint64_t turns() const { return turns_; }

    /// One turn: waits for something to happen, at most `longest` (less than zero: for ever), and deals with it.
    chaos::Result<void> turn(std::chrono::milliseconds longest);
    /// Turns until stop() was called.
    chaos::Result<void> run();
    void stop() { stopping_ = true; }

  private:
    friend class Task;
    friend class Timer;
    EventLoop(chaos::UniqueFd epoll, chaos::UniqueFd alarm, chaos::xen::EventChannels channels);
    chaos::Result<void> take_events();
    void run_tasks();
    void run_timers();
    chaos::Result<void> set_alarm();

    chaos::UniqueFd epoll_;
    chaos::UniqueFd alarm_; // a timerfd: set only when the next timer comes earlier than it rings
    Clock::time_point alarm_time_ = Clock::time_point::max();
    chaos::xen::EventChannels channels_;
    std::vector<DescriptorHandler*> descriptors_; // by descriptor
    std::vector<PortHandler*> ports_;             // by local port
    std::deque<Task*> tasks_;
    std::multimap<Clock::time_point, Timer*> timers_;
    Clock::time_point now_ = Clock::now();
    std::uint64_t turns_ = 0;
    bool stopping_ = false;
};

} // namespace xendevd
