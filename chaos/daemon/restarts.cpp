// SPDX-License-Identifier: BSD-3-Clause
// The first restart is at once, the next after a second, then two, four, ...
#include "chaos/daemon/restarts.hpp"

#include <algorithm>

namespace chaos::daemon {

std::optional<SteadyClock::duration> Restarts::next(const Uuid& guest, SteadyClock::time_point now) {
    forget_old(now);
    auto& times = times_[guest];
    while (!times.empty() && now - times.front() > window)
        times.pop_front();
    if (times.size() >= most)
        return std::nullopt;
    const std::size_t before = times.size();
    times.push_back(now);
    if (before == 0)
        return SteadyClock::duration::zero();
    const std::chrono::seconds wait{1u << std::min<std::size_t>(before - 1, 10)};
    return std::min<SteadyClock::duration>(wait, longest_wait);
}

/// Now and then, so that guests that are gone take no memory.
void Restarts::forget_old(SteadyClock::time_point now) {
    if (now - tidied_ < window)
        return;
    tidied_ = now;
    std::erase_if(times_, [&](const auto& guest) {
        return guest.second.empty() || now - guest.second.back() > window;
    });
}

} // namespace chaos::daemon
