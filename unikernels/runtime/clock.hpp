// SPDX-License-Identifier: BSD-3-Clause
// Time, in nanoseconds.
#pragma once

#include <cstdint>

namespace unikernel {

/// Since the host started; never goes back.
std::uint64_t monotonic_ns();

/// Since 1970-01-01 00:00 UTC, as the host has it.
std::uint64_t wall_clock_ns();

/// Lets wait_until() ask again at `deadline_ns` at the latest; it may also ask before.
void wake_by_ns(std::uint64_t deadline_ns);

/// Sleeps until monotonic_ns() has reached `deadline_ns`; events are handled meanwhile.
void sleep_until_ns(std::uint64_t deadline_ns);

inline void sleep_ns(std::uint64_t duration_ns) {
    sleep_until_ns(monotonic_ns() + duration_ns);
}

} // namespace unikernel
