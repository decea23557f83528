// SPDX-License-Identifier: BSD-3-Clause
// What Prometheus is told: how long guests took to make, counted here, and how pools, host and devices are just then.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "chaos/daemon/service.hpp"

namespace chaos::daemon::api {

/// How often something took how long.
class Histogram {
  public:
    /// Upper ends of the buckets, µs; what is longer is in the last one.
    static constexpr std::array<std::uint64_t, 14> ends{100,     250,       500,       1'000,     2'500,
                                                        5'000,   10'000,    25'000,    50'000,    100'000,
                                                        250'000, 1'000'000, 5'000'000, 30'000'000};

    void add(std::uint64_t us);
    /// Lines of `name` with the labels given: those of each bucket, the sum and the count.
    void write(std::string& text, const std::string& name, const std::string& labels) const;

  private:
    std::array<std::uint64_t, ends.size() + 1> counts_{};
    std::uint64_t sum_us_ = 0;
};

class CreateMetrics {
  public:
    void made(const MadeGuest& made);
    void failed() { ++failed_; }
    void write(std::string& text) const;

  private:
    struct Phases {
        Histogram queued, prepare, execute, ready, total;
    };
    Phases hits_, misses_;
    std::uint64_t hit_ = 0, missed_ = 0, failed_ = 0;
};

/// The rest, as it is now.
void write_metrics(std::string& text, const std::vector<PoolStatus>& pools);
void write_metrics(std::string& text, const HostStatus& host);
void write_metrics(std::string& text, const std::vector<devices::GuestStatus>& guests);
void write_process_metrics(std::string& text);

} // namespace chaos::daemon::api
