// SPDX-License-Identifier: BSD-3-Clause
// Paravirtual guests: their memory cannot be populated before their kernel is known, so most of their work is
// execute's.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// Whether `kernel` is a paravirtual one and the command line fits into what such a kernel is handed.
Result<void> check_pv(const GuestConfig& config, const Kernel& kernel);

/// Builds memory, page tables and start info of a PV guest from its kernel and ramdisk, and sets its entry
/// point. Fills in where its console ring is, and that of its store if the flavour has one: their
/// `frame` is a machine frame, which is what the page of a PV guest is mapped by.
Result<void> load_pv(Host& host, Shell& shell, const GuestConfig& config, const Kernel& kernel);

} // namespace chaos
