// SPDX-License-Identifier: BSD-3-Clause
// A token bucket for bytes and one for packets.
#pragma once

#include "libchaos/config/devices.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

/// What has passed may have been more than there was room for - a frame is taken as a whole - and is paid back before
/// the next one passes, so the average holds. A burst of one interval's worth passes at once.
class RateLimiter {
  public:
    explicit RateLimiter(const chaos::RateLimit& limit) : limit_(limit) {}

    [[nodiscard]] bool is_limiting() const {
        return limit_.bytes_per_second != 0 || limit_.operations_per_second != 0;
    }
    /// Whether another frame may pass at `now`.
    [[nodiscard]] bool allows(Clock::time_point now);
    void take(std::uint64_t bytes);
    /// When the next frame may pass, if allows() said no.
    [[nodiscard]] Clock::time_point next_time() const;

  private:
    struct Bucket {
        double filled = 0;
        bool is_full_at_first = true;
    };
    void fill(Bucket& bucket, std::uint64_t per_second, double seconds) const;

    chaos::RateLimit limit_;
    Bucket bytes_, packets_;
    Clock::time_point last_{};
};

} // namespace xendevd
