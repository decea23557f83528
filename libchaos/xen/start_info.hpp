// SPDX-License-Identifier: BSD-3-Clause
// The page a PVH kernel finds in EBX (xen/arch-x86/hvm/start_info.h): modules, memory map, command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos::xen {

struct StartModule {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};

enum class MemoryKind : std::uint32_t { ram = 1, reserved = 2, acpi = 3 }; // XEN_HVM_MEMMAP_TYPE_*

struct MemoryRange {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    MemoryKind kind = MemoryKind::ram;
};

struct StartInfo {
    std::span<const StartModule> modules; ///< at most 2
    std::span<const MemoryRange> memory;  ///< at most 8
    std::string_view command_line;        ///< at most maximum_command_line bytes
    std::uint64_t acpi_root_pointer = 0;  ///< guest-physical address of the RSDP, or 0
};

/// Writes the whole start info into `page`, which is the guest page at `address`. What does not fit is
/// invalid_argument.
Result<void> write_start_info(std::byte* page, std::uint64_t address, const StartInfo& info);

/// Changes the command line in a page that write_start_info() filled. Fails as that does.
Result<void> write_command_line(std::byte* page, std::string_view command_line);

} // namespace chaos::xen
