// SPDX-License-Identifier: BSD-3-Clause
// Reads hvm_start_info (xen/arch-x86/hvm/start_info.h) and believes nothing of it unchecked.
#include "boot_info.hpp"

#include "page_table.hpp"
#include "power.hpp"

#include <xen/arch-x86/hvm/start_info.h>

extern "C" {
extern const char image_end[];
}

namespace unikernel {

namespace {

constexpr std::uint64_t four_gibibytes = 4 * gibibyte;
constexpr std::uint64_t highest_physical_address = std::uint64_t{1} << 52;
constexpr std::size_t longest_command_line = 2048;

std::uint64_t own_end() {
    return reinterpret_cast<std::uint64_t>(image_end);
}

} // namespace

template<typename Entry>
std::span<const Entry> BootInfo::table_at(std::uint64_t address, std::size_t count) {
    const MemoryRange range{address, address + count * sizeof(Entry)};
    // Xen places all of these below 4 GiB; below our end lie our stack and page tables.
    if (address < own_end() || address >= four_gibibytes || address % alignof(Entry) != 0 ||
        !map_identity(range)) {
        panic("a table of the start info lies at no usable address");
    }
    tables_[table_count_++] = {page_floor(range.begin), page_ceiling(range.end)};
    return {reinterpret_cast<const Entry*>(address), count};
}

void BootInfo::read(std::uint64_t start_info_address) {
    const hvm_start_info info = table_at<hvm_start_info>(start_info_address, 1)[0];
    if (info.magic != XEN_HVM_START_MAGIC_VALUE) {
        panic("not started as a PVH guest: the start info has no magic");
    }
    if (info.version < 1 || info.memmap_entries == 0) {
        panic("the start info has no memory map");
    }
    if (info.memmap_entries > most_map_entries || info.nr_modules > most_modules) {
        panic("the start info has too many entries");
    }
    for (const auto& entry : table_at<hvm_memmap_table_entry>(info.memmap_paddr, info.memmap_entries)) {
        const MemoryRange range{entry.addr, entry.addr + entry.size};
        if (range.begin < range.end && range.end <= highest_physical_address) {
            map_[map_count_++] = {range, entry.type == XEN_HVM_MEMMAP_TYPE_RAM};
        }
    }
    if (info.nr_modules > 0) {
        for (const auto& entry : table_at<hvm_modlist_entry>(info.modlist_paddr, info.nr_modules)) {
            if (entry.paddr < own_end()) {
                panic("a module lies over the kernel");
            }
            modules_[module_count_++] = {entry.paddr, entry.paddr + entry.size};
        }
    }
    if (info.cmdline_paddr != 0) {
        const auto text = table_at<char>(info.cmdline_paddr, longest_command_line);
        std::size_t length = 0;
        while (length < text.size() && text[length] != '\0') {
            ++length;
        }
        command_line_ = {text.data(), length};
        tables_[table_count_ - 1].end = page_ceiling(info.cmdline_paddr + length + 1);
    }
}

bool BootInfo::has_option(std::string_view word) const {
    auto rest = command_line_;
    while (!rest.empty()) {
        const auto length = rest.find(' ');
        if (rest.starts_with(word) && (length == word.size() || rest.size() == word.size())) {
            return true;
        }
        rest.remove_prefix(length == rest.npos ? rest.size() : length + 1);
    }
    return false;
}

std::uint64_t BootInfo::ram_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& entry : memory_map()) {
        sum += entry.is_ram ? entry.range.end - entry.range.begin : 0;
    }
    return sum;
}

bool BootInfo::overlaps_ram(MemoryRange range) const {
    for (const auto& entry : memory_map()) {
        if (entry.is_ram && entry.range.overlaps(range)) {
            return true;
        }
    }
    return false;
}

std::uint64_t BootInfo::first_free_address() const {
    std::uint64_t address = 0;
    for (const auto& entry : memory_map()) {
        if (entry.is_ram && entry.range.begin < four_gibibytes && entry.range.end > address) {
            address = page_ceiling(entry.range.end);
        }
    }
    // Step over whatever adjoins. Each round passes one entry at least, so as many rounds as entries suffice.
    for (std::size_t round = 0; round < map_count_; ++round) {
        for (const auto& entry : memory_map()) {
            if (entry.range.overlaps({address, address + window_pages * page_size})) {
                address = page_ceiling(entry.range.end);
            }
        }
    }
    return address;
}

} // namespace unikernel
