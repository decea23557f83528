// SPDX-License-Identifier: BSD-3-Clause
// chaos create where chaosd runs: it makes the guests, from its pools if it can.
#pragma once

#include <vector>

#include "chaos/create_wish.hpp"
#include "chaos/daemon_client.hpp"
#include "chaos/made_guest.hpp"
#include "chaos/stop_signals.hpp"
#include "libchaos/config/guest_config.hpp"

namespace chaos::cli {

/// Has all of them made, or none. What was made is told only if `told`, because reading it costs the program more than
/// asking for it. If a signal arrives, nothing is left.
Result<std::vector<MadeGuest>> create_by_daemon(DaemonClient& client, GuestConfig config,
                                                const CreateWish& wish, const StopSignals& signals,
                                                bool told);

/// Relative paths become those that they are in this directory: the daemon has another.
Result<void> make_paths_absolute(GuestConfig& config);

} // namespace chaos::cli
