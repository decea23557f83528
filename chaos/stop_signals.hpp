// SPDX-License-Identifier: BSD-3-Clause
// SIGINT, SIGTERM and SIGHUP as a descriptor to poll, so that work in hand is undone rather than cut off.
#pragma once

#include <signal.h>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::cli {

/// While it lives the three signals do not end the process: they make fd() readable, and stay so.
class StopSignals {
  public:
    static Result<StopSignals> catch_them();
    StopSignals(StopSignals&&) noexcept = default;
    StopSignals& operator=(StopSignals&&) = delete;
    ~StopSignals();

    [[nodiscard]] int fd() const { return descriptor_.get(); }
    /// Whether one has arrived.
    [[nodiscard]] bool arrived() const;

  private:
    StopSignals(UniqueFd descriptor, const sigset_t& before)
        : descriptor_(std::move(descriptor)), before_(before) {}

    UniqueFd descriptor_; // closed in the one that was moved from
    sigset_t before_;
};

} // namespace chaos::cli
