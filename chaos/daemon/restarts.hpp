// SPDX-License-Identifier: BSD-3-Clause
// Crash loops damped: a guest that is made anew again and again waits longer each time, and in the end is left alone.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "chaos/daemon/clock.hpp"
#include "libchaos/config/uuid.hpp"

namespace chaos::daemon {

class Restarts {
  public:
    static constexpr std::chrono::minutes window{10};
    static constexpr std::size_t most = 10; ///< restarts of one guest within the window
    static constexpr std::chrono::seconds longest_wait{60};

    /// How long to wait before the guest is made anew at `now`; nothing if it has had too many restarts. Counts it.
    std::optional<SteadyClock::duration> next(const Uuid& guest, SteadyClock::time_point now);
    [[nodiscard]] std::size_t size() const { return times_.size(); }

  private:
    void forget_old(SteadyClock::time_point now);

    std::map<Uuid, std::deque<SteadyClock::time_point>> times_; // of guests with restarts within the window
    SteadyClock::time_point tidied_{};
};

} // namespace chaos::daemon
