// SPDX-License-Identifier: BSD-3-Clause
// Guests that run and have not said "ready" yet: found by the event channel that they will say it on.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "chaos/daemon/clock.hpp"
#include "chaos/daemon/service.hpp"
#include "libchaos/domain/ahead.hpp"
#include "libchaos/domain/host.hpp"

namespace chaos::daemon {

/// Used on the thread of the loop. All ports it waits for are bound through one handle, that of the loop's Host, which
/// nothing else may read.
class ReadyWatch {
  public:
    /// `guest` comes back: it said "ready", or it failed and is to be undone by letting it go.
    using Outcome = std::function<void(Result<void>, StartedGuest)>;

    /// Both must outlive it.
    ReadyWatch(boost::asio::io_context& loop, Host& host) : loop_(loop), host_(host), timer_(loop) {}
    ReadyWatch(const ReadyWatch&) = delete;
    ReadyWatch& operator=(const ReadyWatch&) = delete;
    ~ReadyWatch();

    /// Binds what the guest that will be made in `shell` will say "ready" on, so that wait() finds it bound. What fails is
    /// tried again when the guest is made.
    void expect(ReadyShell& shell);
    /// Waits for a guest that was started with `watch`; not longer than `timeout`. Guests still waited for at the end of
    /// this are let go without a word.
    void wait(StartedGuest guest, std::chrono::milliseconds timeout, Outcome outcome);
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }

  private:
    struct Waiting {
        StartedGuest guest;
        SteadyClock::time_point deadline;
        std::chrono::milliseconds timeout;
        Outcome outcome;
    };

    Result<void> start_listening();
    void listen();
    void take_events();
    void look(EventChannelPort port, bool unmask);
    void look_at_all_later();
    void look_at_all();

    boost::asio::io_context& loop_;
    Host& host_;
    std::map<EventChannelPort, Waiting> waiting_;
    std::optional<boost::asio::posix::stream_descriptor> descriptor_; // borrowed from the handle
    boost::asio::steady_timer timer_;
    bool timer_runs_ = false;
    unsigned begun_since_look_ = 0; // waits since events were last taken
};

} // namespace chaos::daemon
