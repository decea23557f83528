// SPDX-License-Identifier: BSD-3-Clause
// A piece of guest-physical memory on the host: mapped at its own address, with a start info that tests can
// spoil.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>

#include <xen/arch-x86/hvm/start_info.h>

#include "noxs/noxs.h"
#include "unikernels/runtime/boot_info.hpp"

/// What panic() does here.
struct GuestPanic : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A guest as a toolstack lays it out: RAM, then four reserved pages for console, system device,
/// device page and start info.
class GuestMemory {
  public:
    static constexpr std::uint64_t base = 0x20000000; // where the reserved pages lie
    static constexpr std::uint64_t console = base;
    static constexpr std::uint64_t system = base + 0x1000;
    static constexpr std::uint64_t device_page = base + 0x2000;
    static constexpr std::uint64_t start_info = base + 0x3000;
    static constexpr std::uint64_t size = 0x4000;

    GuestMemory();
    ~GuestMemory();
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    hvm_start_info& info() { return *at<hvm_start_info>(start_info); }
    hvm_modlist_entry* modules() { return at<hvm_modlist_entry>(start_info + 0x100); }
    hvm_memmap_table_entry* memory_map() { return at<hvm_memmap_table_entry>(start_info + 0x200); }
    noxs_device_page& devices() { return *at<noxs_device_page>(device_page); }
    void set_command_line(std::string_view text);

    /// Reads the start info anew; boot_info() then is the result.
    const unikernel::BootInfo& read();

  private:
    template<typename T>
    static T* at(std::uint64_t address) {
        return reinterpret_cast<T*>(address);
    }
};
