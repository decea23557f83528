// SPDX-License-Identifier: BSD-3-Clause
// The two clocks: one that people read, and one that nobody sets.
#pragma once

#include <chrono>
#include <cstdint>

namespace chaos::daemon {

/// For intervals and deadlines.
using SteadyClock = std::chrono::steady_clock;

inline std::uint64_t microseconds_since(SteadyClock::time_point start) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start).count());
}

/// For people: it jumps when somebody sets the clock.
inline std::uint64_t now_unix_ms() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

} // namespace chaos::daemon
