// SPDX-License-Identifier: BSD-3-Clause
// The right to decide what becomes of a guest that stops: whoever shuts it down, makes it anew or destroys it holds it, so
// that chaosd does not do the same at the same time.
//
// A claim is a lock on one byte of <state directory>/claims, at an offset drawn from the guest's UUID: it holds through a
// restart, which gives the guest another domain id, goes with the process that holds it, and leaves nothing to tidy up.
// Two guests may fall on one byte; then one waits for the other.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "libchaos/config/uuid.hpp"
#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos {

/// Move-only; given back when it goes. Any number of threads and processes may claim.
class Claim {
  public:
    /// Nothing if somebody else has it.
    static Result<std::optional<Claim>> try_take(const std::string& state_directory, const Uuid& guest);
    /// Waits for whoever has it. Fails with timed_out, or interrupted when `stop_fd` becomes readable.
    static Result<Claim> take(const std::string& state_directory, const Uuid& guest,
                              std::chrono::milliseconds timeout, int stop_fd = -1);

  private:
    explicit Claim(UniqueFd file) : file_(std::move(file)) {}
    UniqueFd file_; // an open file of its own, which the lock belongs to
};

} // namespace chaos
