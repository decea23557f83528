// SPDX-License-Identifier: BSD-3-Clause
// Two system calls: block the signals, and make a signalfd of them.
#include "chaos/stop_signals.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cerrno>

namespace chaos::cli {

Result<StopSignals> StopSignals::catch_them() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, number);
    sigset_t before;
    if (::sigprocmask(SIG_BLOCK, &signals, &before) != 0)
        return Error::from_errno("sigprocmask", errno);
    UniqueFd descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor.is_open()) {
        const int failure = errno;
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return Error::from_errno("signalfd", failure);
    }
    return StopSignals(std::move(descriptor));
}

StopSignals::~StopSignals() {
    if (!descriptor_.is_open())
        return;
    // Taken out: what they asked for has been done.
    signalfd_siginfo taken;
    while (::read(descriptor_.get(), &taken, sizeof taken) > 0) {
    }
}

bool StopSignals::arrived() const {
    pollfd wanted{descriptor_.get(), POLLIN, 0};
    return ::poll(&wanted, 1, 0) > 0;
}

} // namespace chaos::cli
