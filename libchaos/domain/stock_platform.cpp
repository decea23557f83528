// SPDX-License-Identifier: BSD-3-Clause
// Furnishing a PVH shell for an unmodified kernel.
#include "libchaos/domain/stock_platform.hpp"

#include <cstring>

namespace chaos {

Result<void> furnish_stock_platform(Host& host, const Shell& shell) {
    const DomainId id = shell.domain.id();
    xen::Control& control = host.control();
    TRY(control.apply_cpuid_policy(id));
    TRY(control.set_hvm_parameter(id, xen::HvmParameter::timer_mode,
                                  xen::timer_mode_no_delay_for_missed_ticks));
    TRY(control.set_hvm_parameter(id, xen::HvmParameter::console_pfn, shell.console->frame.number));
    TRY(control.set_hvm_parameter(id, xen::HvmParameter::console_event_channel, raw(shell.console->port)));
    // The guest does not run yet: a plain write, and no memory of a former owner may show through.
    std::memset(shell.page(shell.layout.console()), 0, page_size);
    return {};
}

} // namespace chaos
