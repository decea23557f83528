// SPDX-License-Identifier: BSD-3-Clause
// How much a device may move per second: bytes and operations (frames, disk requests), each a bucket that fills steadily
// and holds one interval's worth.
#pragma once

#include "libchaos/config/devices.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

class RateLimiter {
  public:
    explicit RateLimiter(const chaos::RateLimit& limit);

    [[nodiscard]] bool is_limiting() const { return !unlimited_; }
    /// Whether another operation may pass at `now`. It may overdraw the buckets: one larger than an interval's worth passes
    /// too, and the next ones wait for it.
    [[nodiscard]] bool allows(Clock::time_point now);
    void charge(double bytes, double operations);
    /// When allows() becomes true.
    [[nodiscard]] Clock::time_point next() const;

  private:
    struct Bucket {
        double per_second = 0; // 0: unlimited
        double capacity = 0;
        double level = 0;

        [[nodiscard]] bool is_empty() const { return per_second > 0 && level <= 0; }
    };
    static Bucket make(std::uint64_t per_second, std::uint32_t interval_us);

    Bucket bytes_;
    Bucket operations_;
    bool unlimited_;
    Clock::time_point filled_{};
};

} // namespace xendevd
