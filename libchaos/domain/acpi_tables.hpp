// SPDX-License-Identifier: BSD-3-Clause
// The few ACPI tables without which a stock PVH kernel finds neither its processors nor a clock event: RSDP,
// XSDT, FADT (hardware-reduced), MADT with one local APIC per vCPU, and a DSDT that describes no device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "libchaos/xen/ids.hpp"

namespace chaos {

/// Fills `page`, which is the guest page at `address` (below 4 GiB), with the tables for `vcpus` (at most
/// maximum_vcpus). The RSDP comes first, so `address` is what the start info names.
void write_acpi_tables(std::span<std::byte, page_size> page, std::uint64_t address, std::uint32_t vcpus);

} // namespace chaos
