// SPDX-License-Identifier: BSD-3-Clause
// Furnishing a PVH shell for an unmodified kernel.
#include "libchaos/domain/stock_platform.hpp"

#include <cstring>

#include "libchaos/domain/acpi_tables.hpp"

namespace chaos {

Result<void> furnish_stock_platform(Host& host, const Shell& shell) {
    const DomainId id = shell.domain.id();
    xen::Control& control = host.control();
    TRY(control.apply_cpuid_policy(id));
    TRY(control.set_hvm_parameter(id, xen::HvmParameter::console_pfn, shell.console->frame.number));
    TRY(control.set_hvm_parameter(id, xen::HvmParameter::console_event_channel, raw(shell.console->port)));
    const MemoryLayout& layout = shell.layout;
    write_acpi_tables(std::span<std::byte, page_size>(shell.page(layout.acpi()), page_size),
                      layout.acpi().address(), shell.flavour.vcpus);
    // The guest does not run yet: a plain write, and no memory of a former owner may show through.
    std::memset(shell.page(layout.console()), 0, page_size);
    if (shell.store) {
        TRY(control.set_hvm_parameter(id, xen::HvmParameter::store_pfn, shell.store->frame.number));
        TRY(control.set_hvm_parameter(id, xen::HvmParameter::store_event_channel, raw(shell.store->port)));
        std::memset(shell.page(layout.store()), 0, page_size);
    }
    return {};
}

} // namespace chaos
