// SPDX-License-Identifier: BSD-3-Clause
// All that an application needs: it defines app_main() and uses what is declared in these headers.
#pragma once

#include "boot_info.hpp"
#include "clock.hpp"
#include "console.hpp"
#include "cpu.hpp"
#include "events.hpp"
#include "page_allocator.hpp"
#include "power.hpp"
#include "system_device.hpp"

namespace unikernel {

/// The application. It says ready() when it is up; when it returns the guest powers off.
void app_main(const BootInfo& boot);

/// Handles events and does nothing else, at no cost.
[[noreturn]] void block_forever();

} // namespace unikernel
