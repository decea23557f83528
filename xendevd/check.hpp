// SPDX-License-Identifier: BSD-3-Clause
// `xendevd --check`: whether this host has what xendevd needs, point by point.
#pragma once

#include "xendevd/options.hpp"

namespace xendevd {

/// Prints one line per point to standard output, with advice for each that is not met; true if none is missing.
bool check_host(const Options& options);

} // namespace xendevd
