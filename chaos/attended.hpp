// SPDX-License-Identifier: BSD-3-Clause
// create -c: a guest that is watched from its first output on.
#pragma once

#include "chaos/console_end.hpp"
#include "chaos/context.hpp"
#include "chaos/exit_code.hpp"
#include "chaos/stop_signals.hpp"
#include "libchaos/domain/create.hpp"

namespace chaos::cli {

/// Creates the guest, attaches its console before it first runs, and stays until the guest stops or the user
/// leaves. The guest is still there afterwards, as after any create.
Result<ExitCode> create_attended(Context& context, const GuestConfig& config, const Kernel& kernel,
                                 bool paused, const StopSignals& signals);

/// The same for a guest that was made, paused; it is left so if `paused`.
Result<ExitCode> attend_new(Context& context, const CreatedGuest& created, bool paused,
                            const StopSignals& signals);

/// Talks to a guest over its attached console, with a word to the user before and after if there is one.
Result<ExitCode> attend(Host& host, const GuestInfo& guest, ConsoleEnd& console, const StopSignals& signals);

} // namespace chaos::cli
