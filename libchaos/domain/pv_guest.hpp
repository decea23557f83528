// SPDX-License-Identifier: BSD-3-Clause
// Paravirtual guests: their memory cannot be populated before their kernel is known, so most of their work is
// execute's.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// Builds memory, page tables and start info of a PV guest from its kernel and ramdisk, and sets its entry
/// point. Fills in where its console ring is.
Result<void> load_pv(Host& host, Shell& shell, const GuestConfig& config, const Kernel& kernel);

} // namespace chaos
