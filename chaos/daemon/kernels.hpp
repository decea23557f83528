// SPDX-License-Identifier: BSD-3-Clause
// Kernels that were opened before: found again with one stat(2), as long as the file is what it was.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "libchaos/image/kernel.hpp"

namespace chaos::daemon {

using SharedKernel = std::shared_ptr<const Kernel>;

/// Used on the thread of the loop only.
class Kernels {
  public:
    /// The kernel at `path`, if it was put here and its file has not changed since; else null. One system call, if any.
    SharedKernel find(const std::string& path);
    /// Keeps it, in place of those that were not asked for the longest.
    void put(SharedKernel kernel);

  private:
    static constexpr std::size_t most = 64;
    std::list<SharedKernel> kernels_; // the one asked for last comes first
};

} // namespace chaos::daemon
