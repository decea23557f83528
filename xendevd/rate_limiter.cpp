// SPDX-License-Identifier: BSD-3-Clause
// Filling and emptying the buckets of a device's rate limit.
#include "xendevd/rate_limiter.hpp"

#include <algorithm>

namespace xendevd {

using Seconds = std::chrono::duration<double>;

RateLimiter::Bucket RateLimiter::make(std::uint64_t per_second, std::uint32_t interval_us) {
    Bucket bucket;
    bucket.per_second = static_cast<double>(per_second);
    bucket.capacity = std::max(bucket.per_second * interval_us / 1e6, 1.0);
    bucket.level = bucket.capacity;
    return bucket;
}

RateLimiter::RateLimiter(const chaos::RateLimit& limit)
    : bytes_(make(limit.bytes_per_second, limit.interval_us)),
      operations_(make(limit.operations_per_second, limit.interval_us)),
      unlimited_(limit.bytes_per_second == 0 && limit.operations_per_second == 0) {}

bool RateLimiter::allows(Clock::time_point now) {
    if (unlimited_)
        return true;
    if (filled_ == Clock::time_point{})
        filled_ = now;
    const double passed = Seconds(now - filled_).count();
    filled_ = now;
    for (Bucket* bucket : {&bytes_, &operations_})
        bucket->level = std::min(bucket->level + bucket->per_second * passed, bucket->capacity);
    return !bytes_.is_empty() && !operations_.is_empty();
}

void RateLimiter::charge(double bytes, double operations) {
    if (unlimited_)
        return;
    bytes_.level -= bytes;
    operations_.level -= operations;
}

Clock::time_point RateLimiter::next() const {
    double wait = 0;
    for (const Bucket* bucket : {&bytes_, &operations_}) {
        if (bucket->is_empty())
            wait = std::max(wait, -bucket->level / bucket->per_second);
    }
    // A millisecond more than needed, so that what is there then is worth waking up for.
    return filled_ + std::chrono::ceil<Clock::duration>(Seconds(wait) + std::chrono::milliseconds(1));
}

} // namespace xendevd
