// SPDX-License-Identifier: BSD-3-Clause
// What every benchmark does with its samples: one JSON line each, then one line with minimum, median and p90.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

inline std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

/// One sample: named durations in the order they were taken.
using Sample = std::vector<std::pair<std::string_view, std::uint64_t>>;

/// Takes the time between its calls. The clock itself costs some hundred ns per call, in every program alike.
class Stopwatch {
  public:
    explicit Stopwatch(Sample& sample) : sample_(&sample), start_(now_ns()), last_(start_) {}
    void lap(std::string_view name) {
        const std::uint64_t now = now_ns();
        sample_->emplace_back(name, now - last_);
        last_ = now;
    }
    /// From the start until the last lap.
    void total(std::string_view name) { sample_->emplace_back(name, last_ - start_); }

  private:
    Sample* sample_;
    std::uint64_t start_;
    std::uint64_t last_;
};

/// The samples of one measure. Printed at the end, because whoever reads our output takes time from the next
/// sample.
class Report {
  public:
    explicit Report(std::string name) : name_(std::move(name)) {}

    /// All samples have the same steps.
    void add(Sample sample) { samples_.push_back(std::move(sample)); }

    void print() const {
        if (samples_.empty())
            return;
        for (const Sample& sample : samples_) {
            std::printf("{\"bench\": \"%s\", \"sample\": {", name_.c_str());
            const char* separator = "";
            for (const auto& [step, ns] : sample) {
                std::printf("%s\"%s\": %llu", separator, std::string(step).c_str(),
                            static_cast<unsigned long long>(ns));
                separator = ", ";
            }
            std::printf("}}\n");
        }
        std::printf("{\"bench\": \"%s\", \"samples\": %zu, \"summary\": {", name_.c_str(), samples_.size());
        for (std::size_t step = 0; step < samples_[0].size(); ++step) {
            std::vector<std::uint64_t> values;
            for (const Sample& sample : samples_)
                values.push_back(sample[step].second);
            std::sort(values.begin(), values.end());
            const auto at = [&](std::size_t percent) {
                return static_cast<unsigned long long>(values[(values.size() - 1) * percent / 100]);
            };
            std::printf("%s\"%s\": {\"min\": %llu, \"median\": %llu, \"p90\": %llu}", step ? ", " : "",
                        std::string(samples_[0][step].first).c_str(), at(0), at(50), at(90));
        }
        std::printf("}}\n");
        std::fflush(stdout);
    }

  private:
    std::string name_;
    std::vector<Sample> samples_;
};

} // namespace bench
