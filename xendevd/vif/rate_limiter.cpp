// SPDX-License-Identifier: BSD-3-Clause
// Filling the buckets by the time that passed, and saying when there is something in them again.
#include "xendevd/vif/rate_limiter.hpp"

#include <algorithm>

namespace xendevd {

namespace {

/// Seconds until a bucket is no longer in debt.
double seconds_until(double filled, std::uint64_t per_second) {
    return per_second == 0 || filled > 0 ? 0 : (1 - filled) / static_cast<double>(per_second);
}

} // namespace

void RateLimiter::fill(Bucket& bucket, std::uint64_t per_second, double seconds) const {
    const double rate = static_cast<double>(per_second);
    const double capacity = std::max(1.0, rate * limit_.interval_us * 1e-6);
    bucket.filled = bucket.is_full_at_first ? capacity : std::min(capacity, bucket.filled + rate * seconds);
    bucket.is_full_at_first = false;
}

bool RateLimiter::allows(Clock::time_point now) {
    if (!is_limiting())
        return true;
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    fill(bytes_, limit_.bytes_per_second, seconds);
    fill(packets_, limit_.operations_per_second, seconds);
    return (limit_.bytes_per_second == 0 || bytes_.filled > 0) &&
           (limit_.operations_per_second == 0 || packets_.filled > 0);
}

void RateLimiter::take(std::uint64_t bytes) {
    bytes_.filled -= static_cast<double>(bytes);
    packets_.filled -= 1;
}

Clock::time_point RateLimiter::next_time() const {
    // Not for each frame anew: what gathers in a fifth of the interval passes at a stroke.
    const double seconds =
        std::max({seconds_until(bytes_.filled, limit_.bytes_per_second),
                  seconds_until(packets_.filled, limit_.operations_per_second), limit_.interval_us * 0.2e-6});
    return last_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

} // namespace xendevd
