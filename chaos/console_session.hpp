// SPDX-License-Identifier: BSD-3-Clause
// Talking to a guest: its console on one side, standard input and output on the other.
#pragma once

#include "chaos/console_end.hpp"

namespace chaos::cli {

enum class SessionEnd : unsigned char {
    left,          ///< the user typed Ctrl-]
    guest_stopped, ///< everything it wrote has been printed
};

/// Runs until one of them happens; fails with interrupted when `stop_fd` becomes readable.
/// From a terminal (a raw one) every key but Ctrl-] goes to the guest. Other input is passed on as it is, and
/// its end does not end the session, because the guest's answer is still to come.
Result<SessionEnd> converse(ConsoleEnd& console, bool from_terminal, int stop_fd);

/// Prints what the guest has written and nobody has read yet.
Result<void> print_written(ConsoleEnd& console);

} // namespace chaos::cli
