// SPDX-License-Identifier: BSD-3-Clause
// chaosd --check: is the file right, and has this host what chaosd needs?
#pragma once

#include "chaos/daemon/options.hpp"

namespace chaos::daemon {

/// Prints one line for each point, with what to do about it. True if nothing is missing.
bool check_host(const Options& options);

} // namespace chaos::daemon
