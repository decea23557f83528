// SPDX-License-Identifier: BSD-3-Clause
// What an unmodified PVH kernel expects of its platform beyond memory and a start info page.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"

namespace chaos {

/// Gives a PVH shell of Platform::stock its CPUID policy, its ACPI tables (in the layout's ACPI page) and the
/// HVM parameters that name its console, and clears the console ring.
Result<void> furnish_stock_platform(Host& host, const Shell& shell);

} // namespace chaos
