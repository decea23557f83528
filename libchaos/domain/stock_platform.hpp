// SPDX-License-Identifier: BSD-3-Clause
// What an unmodified PVH kernel expects of its platform beyond memory and a start info page.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"

namespace chaos {

/// The grant reference that Xen reserves for the console ring (GNTTAB_RESERVED_CONSOLE, xen/grant_table.h). A
/// stock kernel hands out those above 7 as it likes.
constexpr GrantReference stock_console_grant{0};
/// The same for the store's ring (GNTTAB_RESERVED_XENSTORE).
constexpr GrantReference stock_store_grant{1};

/// Gives a PVH shell of Platform::stock its CPUID policy, its ACPI tables (in the layout's ACPI page) and the
/// HVM parameters that name its console and its store, if it has one, and clears their rings.
Result<void> furnish_stock_platform(Host& host, const Shell& shell);

} // namespace chaos
