// SPDX-License-Identifier: BSD-3-Clause
// One poll loop over the guest's event channel, the caller's stop descriptor and the clock.
#include "libchaos/domain/wait_event.hpp"

#include <poll.h>

#include <array>
#include <cerrno>

namespace chaos {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_every{50};

} // namespace

const char* describe(xen::ShutdownReason reason) {
    switch (reason) {
    case xen::ShutdownReason::poweroff:
        return "powered off";
    case xen::ShutdownReason::reboot:
        return "asked for a reboot";
    case xen::ShutdownReason::suspend:
        return "suspended itself";
    case xen::ShutdownReason::crash:
        return "crashed";
    case xen::ShutdownReason::watchdog:
        return "was stopped by its watchdog";
    case xen::ShutdownReason::soft_reset:
        return "asked for a soft reset";
    }
    return "stopped for an unknown reason";
}

Result<void> check_alive(Host& host, DomainId domain) {
    const auto info = TRY(host.control().domain_info(domain));
    if (!info || info->dying)
        return Error(ErrorKind::guest_failed, "the guest was destroyed");
    if (info->shutdown)
        return Error(ErrorKind::guest_failed, std::string("the guest ") + describe(info->shutdown_reason));
    return {};
}

Result<void> wait_event(Host& host, DomainId domain, std::chrono::milliseconds timeout, int stop_fd,
                        const std::function<bool()>& done) {
    xen::EventChannels& events = *TRY(host.events());
    const auto deadline = Clock::now() + timeout;
    std::array<pollfd, 2> polled{
        {{events.fd(), POLLIN, 0}, {stop_fd, POLLIN, 0}}}; // poll skips a descriptor of -1
    if (done())
        return {};
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            TRY(check_alive(host, domain));
            return Error(ErrorKind::timed_out, "no answer within " + std::to_string(timeout.count()) + " ms");
        }
        const int count =
            ::poll(polled.data(), polled.size(), static_cast<int>(std::min(left, look_every).count()));
        if (count < 0 && errno != EINTR)
            return Error::from_errno("poll", errno);
        if (count <= 0) {
            // It may have been done and the guest have stopped since: look at what it said first.
            if (done())
                return {};
            TRY(check_alive(host, domain));
            continue;
        }
        if (polled[1].revents)
            return Error(ErrorKind::interrupted, "interrupted");
        const EventChannelPort port = TRY(events.take_pending());
        if (done())
            return {};
        TRY(events.unmask(port));
    }
}

} // namespace chaos
