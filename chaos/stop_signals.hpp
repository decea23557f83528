// SPDX-License-Identifier: BSD-3-Clause
// SIGINT, SIGTERM and SIGHUP as a descriptor to poll, so that work in hand is undone rather than cut off.
#pragma once

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::cli {

/// While it lives the three signals make fd() readable, and stay so. They do not end the process any more, not even afterwards:
/// one that comes between the end of the work and that of the process must not make a success look like a failure.
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
    explicit StopSignals(UniqueFd descriptor) : descriptor_(std::move(descriptor)) {}

    UniqueFd descriptor_; // closed in the one that was moved from
};

} // namespace chaos::cli
