// SPDX-License-Identifier: BSD-3-Clause
// Those events that an operator wants to find in the log: what nobody asked for.
#pragma once

#include <string>

#include "chaos/daemon/event.hpp"
#include "chaos/daemon/log.hpp"

namespace chaos::daemon {

/// "guest web (domain 32700) died: crashed"; empty for an event that is not worth a line.
std::string line_of(const Event& event);

/// Writes those lines until the subscription goes.
[[nodiscard]] Events::Subscription log_events(Events& events, Log& log);

} // namespace chaos::daemon
