// SPDX-License-Identifier: BSD-3-Clause
// Events looked at as they come; deaths and deadlines a few times a second, and only while somebody waits.
#include "chaos/daemon/ready_watch.hpp"

#include <array>
#include <vector>

namespace chaos::daemon {

namespace {

constexpr std::chrono::milliseconds look_every{50};
/// The kernel keeps at least 64 events that nobody took, and gives the handle up at the next.
constexpr unsigned most_untaken = 32;

} // namespace

ReadyWatch::~ReadyWatch() {
    if (descriptor_)
        (void)descriptor_->release(); // it is the handle's
}

void ReadyWatch::wait(StartedGuest guest, std::chrono::milliseconds timeout, Outcome outcome) {
    const auto port = guest.local_port();
    if (!port) {
        outcome(Error(ErrorKind::invalid_argument, "this guest has no system device that could say ready"),
                std::move(guest));
        return;
    }
    if (auto listening = start_listening(); !listening) {
        outcome(std::move(listening).error(), std::move(guest));
        return;
    }
    waiting_.emplace(*port,
                     Waiting{std::move(guest), SteadyClock::now() + timeout, timeout, std::move(outcome)});
    // The loop takes the events, but many guests may be made before it comes to that.
    if (++begun_since_look_ >= most_untaken)
        take_events();
    look_at_all_later();
}

void ReadyWatch::expect(ReadyShell& shell) {
    if (!start_listening())
        return;
    (void)watch_ahead(host_, shell);
    if (++begun_since_look_ >= most_untaken)
        take_events();
}

Result<void> ReadyWatch::start_listening() {
    if (descriptor_)
        return {};
    auto* events = TRY(host_.events());
    descriptor_.emplace(loop_, events->fd());
    listen();
    return {};
}

void ReadyWatch::listen() {
    descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [this](const boost::system::error_code& error) {
                                if (error)
                                    return;
                                take_events();
                                listen();
                            });
}

void ReadyWatch::take_events() {
    begun_since_look_ = 0;
    auto events = host_.events();
    std::array<EventChannelPort, 64> ports;
    while (events) {
        const auto count = (*events)->take_all_pending(ports);
        if (!count || *count == 0)
            return; // a handle that broke is noticed by look_at_all()
        for (std::size_t index = 0; index < *count; ++index)
            look(ports[index], true);
        if (*count < ports.size())
            return;
    }
}

/// Ends the waiting for a guest that is ready, dead or late.
void ReadyWatch::look(EventChannelPort port, bool unmask) {
    const auto found = waiting_.find(port);
    if (found == waiting_.end()) {
        // Of a shell, whose fresh binding is pending at once; or of one who is gone, then this fails.
        if (auto events = host_.events(); events && unmask)
            (void)(*events)->unmask(port);
        return;
    }
    Waiting& waiting = found->second;
    Result<void> outcome;
    if (!waiting.guest.is_ready()) {
        if (unmask) {
            if (auto events = host_.events())
                (void)(*events)->unmask(port); // if it fails, the guest is looked at all the same
            if (!waiting.guest.is_ready())
                return;
        } else {
            outcome = waiting.guest.check_alive();
            if (outcome && SteadyClock::now() < waiting.deadline)
                return;
            if (waiting.guest.is_ready()) // it may have said so and stopped since
                outcome = {};
            else if (outcome)
                outcome = Error(ErrorKind::timed_out,
                                "no answer within " + std::to_string(waiting.timeout.count()) + " ms");
            outcome = std::move(outcome).while_doing("waiting for the guest to say ready");
        }
    }
    Waiting done = std::move(found->second);
    waiting_.erase(found);
    done.outcome(std::move(outcome), std::move(done.guest));
}

void ReadyWatch::look_at_all_later() {
    if (timer_runs_ || waiting_.empty())
        return;
    timer_runs_ = true;
    timer_.expires_after(look_every);
    timer_.async_wait([this](const boost::system::error_code& error) {
        timer_runs_ = false;
        if (!error)
            look_at_all();
    });
}

void ReadyWatch::look_at_all() {
    std::vector<EventChannelPort> ports;
    for (const auto& [port, waiting] : waiting_)
        ports.push_back(port);
    for (const EventChannelPort port : ports)
        look(port, false);
    look_at_all_later();
}

} // namespace chaos::daemon
