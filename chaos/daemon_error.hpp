// SPDX-License-Identifier: BSD-3-Clause
// Failures that chaosd tells, as they were there.
#pragma once

#include <string_view>

#include "libchaos/result.hpp"

namespace chaos::cli {

/// The Error in {"error":{"kind":…,"message":…,"advice":…},…}, or one that says that it is none.
[[gnu::cold]] Error error_of_daemon(std::string_view answer);

} // namespace chaos::cli
