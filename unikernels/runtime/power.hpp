// SPDX-License-Identifier: BSD-3-Clause
// The ways a guest ends.
#pragma once

namespace unikernel {

[[noreturn]] void power_off();
[[noreturn]] void reboot();

/// Ends as crashed at once, without a word.
[[noreturn]] void end_as_crashed();

/// Says `reason` on the console, then ends as crashed: for what should never happen.
[[noreturn]] void panic(const char* reason);

/// Faults on purpose: a register dump, then the end as crashed.
[[noreturn]] void fault();

} // namespace unikernel
