// SPDX-License-Identifier: BSD-3-Clause
// How the start info page is laid out: structure, modules and memory map first, the command line in the
// second half.
#include "libchaos/xen/start_info.hpp"

#include <cstring>

#include "libchaos/xen/headers.hpp"

extern "C" {
#include <xen/arch-x86/hvm/start_info.h>
}

namespace chaos::xen {

namespace {

constexpr std::size_t maximum_modules = 2;
constexpr std::size_t maximum_ranges = 8;

struct Page {
    hvm_start_info info;
    hvm_modlist_entry modules[maximum_modules];
    hvm_memmap_table_entry memory[maximum_ranges];
    char padding[2048 - sizeof(hvm_start_info) - maximum_modules * sizeof(hvm_modlist_entry) -
                 maximum_ranges * sizeof(hvm_memmap_table_entry)];
    char command_line[2048];
};
static_assert(sizeof(Page) == page_size);

} // namespace

namespace {

Result<void> check_command_line(std::string_view command_line) {
    if (command_line.size() >= sizeof(Page::command_line))
        return Error(ErrorKind::invalid_argument, "the command line is longer than 2047 bytes");
    return {};
}

} // namespace

Result<void> write_command_line(std::byte* page, std::string_view command_line) {
    TRY(check_command_line(command_line));
    char* const to = reinterpret_cast<char*>(page) + offsetof(Page, command_line);
    to[command_line.copy(to, sizeof(Page::command_line) - 1)] = '\0';
    return {};
}

Result<void> write_start_info(std::byte* page, std::uint64_t address, const StartInfo& info) {
    if (info.modules.size() > maximum_modules || info.memory.size() > maximum_ranges)
        return Error(ErrorKind::invalid_argument,
                     "too many modules or memory ranges for the start info page");
    TRY(check_command_line(info.command_line));

    // Built beside and copied once: a foreign page is slow to touch and nobody reads it yet.
    Page built{};
    built.info.magic = XEN_HVM_START_MAGIC_VALUE;
    built.info.version = 1;
    built.info.nr_modules = static_cast<std::uint32_t>(info.modules.size());
    if (!info.modules.empty())
        built.info.modlist_paddr = address + offsetof(Page, modules);
    built.info.cmdline_paddr = address + offsetof(Page, command_line);
    built.info.rsdp_paddr = info.acpi_root_pointer;
    built.info.memmap_paddr = address + offsetof(Page, memory);
    built.info.memmap_entries = static_cast<std::uint32_t>(info.memory.size());
    for (std::size_t index = 0; index < info.modules.size(); ++index) {
        built.modules[index].paddr = info.modules[index].address;
        built.modules[index].size = info.modules[index].size;
    }
    for (std::size_t index = 0; index < info.memory.size(); ++index) {
        built.memory[index].addr = info.memory[index].address;
        built.memory[index].size = info.memory[index].size;
        built.memory[index].type = static_cast<std::uint32_t>(info.memory[index].kind);
    }
    info.command_line.copy(built.command_line,
                           sizeof(built.command_line)); // unlike memcpy, also of an empty view
    std::memcpy(page, &built, sizeof(built));
    return {};
}

} // namespace chaos::xen
