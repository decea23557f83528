// SPDX-License-Identifier: BSD-3-Clause
// A line of a daemon's log, as systemd's journal understands it (sd-daemon(3)).
#pragma once

#include <string_view>

namespace chaos {

/// Writes "<level>program: text" to standard error, in one call. `level` is syslog's (LOG_INFO, …). Guests and clients put
/// words into messages, so control characters become spaces; and what nobody reads is lost rather than waited for.
void write_log_line(int level, std::string_view program, std::string_view text);

} // namespace chaos
