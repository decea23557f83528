// SPDX-License-Identifier: BSD-3-Clause
// The neighbours of the code under test: memory that is mapped already, and a panic that tests survive.
#include "guest_memory.hpp"

#include <cstring>

#include <sys/mman.h>

#include "unikernels/runtime/page_table.hpp"
#include "unikernels/runtime/power.hpp"

namespace unikernel {

namespace {

BootInfo current;

} // namespace

const BootInfo& boot_info() {
    return current;
}

/// The command line may be asked for beyond the last page, which a guest would map, too.
bool map_identity(MemoryRange range) {
    return range.begin >= GuestMemory::base && range.end <= GuestMemory::base + 2 * GuestMemory::size;
}

void panic(const char* reason) {
    throw GuestPanic(reason);
}

} // namespace unikernel

GuestMemory::GuestMemory() {
    void* wanted = reinterpret_cast<void*>(base);
    if (::mmap(wanted, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
               -1, 0) != wanted) {
        throw std::runtime_error("the test's addresses are taken");
    }
    info() = {.magic = XEN_HVM_START_MAGIC_VALUE,
              .version = 1,
              .flags = 0,
              .nr_modules = 1,
              .modlist_paddr = start_info + 0x100,
              .cmdline_paddr = start_info + 0x800,
              .rsdp_paddr = 0,
              .memmap_paddr = start_info + 0x200,
              .memmap_entries = 2,
              .reserved = 0};
    modules()[0] = {.paddr = device_page, .size = 4096, .cmdline_paddr = 0, .reserved = 0};
    memory_map()[0] = {.addr = 0, .size = base, .type = XEN_HVM_MEMMAP_TYPE_RAM, .reserved = 0};
    memory_map()[1] = {.addr = base, .size = size, .type = XEN_HVM_MEMMAP_TYPE_RESERVED, .reserved = 0};

    devices().header.magic = NOXS_MAGIC;
    devices().header.version_major = NOXS_VERSION_MAJOR;
    devices().header.entry_count = 2;
    devices().entries[0] = {.type = NOXS_DEVICE_SYSTEM,
                            .id = 0,
                            .backend_domain = 0,
                            .event_channel = 1,
                            .grant_reference = 8,
                            .control_gfn = system / 4096,
                            .instance = 0,
                            .reserved = 0};
    devices().entries[1] = {.type = NOXS_DEVICE_CONSOLE,
                            .id = 0,
                            .backend_domain = 0,
                            .event_channel = 2,
                            .grant_reference = 9,
                            .control_gfn = console / 4096,
                            .instance = 0,
                            .reserved = 0};
}

GuestMemory::~GuestMemory() {
    ::munmap(reinterpret_cast<void*>(base), 2 * size);
}

void GuestMemory::set_command_line(std::string_view text) {
    char* line = at<char>(start_info + 0x800);
    std::memcpy(line, text.data(), text.size());
    line[text.size()] = '\0';
}

const unikernel::BootInfo& GuestMemory::read() {
    unikernel::current = {};
    unikernel::current.read(start_info);
    return unikernel::current;
}
