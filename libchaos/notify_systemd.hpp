// SPDX-License-Identifier: BSD-3-Clause
// Telling systemd how things stand, if it asked (sd_notify(3)).
#pragma once

#include <string_view>

namespace chaos {

/// Sends `state` ("READY=1", "STOPPING=1", "STATUS=…") to $NOTIFY_SOCKET; without one it does nothing.
void notify_systemd(std::string_view state);

} // namespace chaos
