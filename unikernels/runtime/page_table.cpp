// SPDX-License-Identifier: BSD-3-Clause
// Extends the tables that entry.S began. Entries only ever become present, so no TLB flush is needed.
#include "page_table.hpp"

#include "page_allocator.hpp"

extern "C" {
// image.lds says where they lie; the last one comes with whatever contents.
extern std::uint64_t page_directory_pointers[512];
extern std::uint64_t first_page_directory[512];
extern std::uint64_t first_page_table[512];
extern std::uint64_t spare_page_directory[512];
}

namespace unikernel {

namespace {

constexpr std::uint64_t present = 1 << 0;
constexpr std::uint64_t writable = 1 << 1;
constexpr std::uint64_t large = 1 << 7;

constexpr std::uint64_t large_page_size = 512 * page_size;
constexpr std::uint64_t highest_address = 512 * gibibyte;

constinit bool spare_used = false;

std::uint64_t* new_directory() {
    // The first one must not need the allocator: before the start info is mapped nobody knows where memory
    // is.
    auto* directory = spare_used ? static_cast<std::uint64_t*>(allocate_pages(1)) : spare_page_directory;
    spare_used = true;
    for (std::size_t i = 0; directory != nullptr && i < 512; ++i) {
        directory[i] = 0;
    }
    return directory;
}

/// The page directory of the GiB around `address`, made if need be.
std::uint64_t* directory_of(std::uint64_t address) {
    std::uint64_t& entry = page_directory_pointers[address / gibibyte];
    if ((entry & present) == 0) {
        auto* directory = new_directory();
        // The allocator's first call maps all RAM, and so may have made this very entry.
        if ((entry & present) != 0) {
            free_pages(directory, 1);
        } else if (directory != nullptr) {
            entry = reinterpret_cast<std::uint64_t>(directory) | present | writable;
        }
    }
    return (entry & present) != 0 ? reinterpret_cast<std::uint64_t*>(page_floor(entry)) : nullptr;
}

} // namespace

bool map_identity(MemoryRange range) {
    if (range.end > highest_address || range.begin > range.end) {
        return false;
    }
    std::uint64_t address = page_floor(range.begin);
    for (; address < range.end && address < large_page_size; address += page_size) {
        std::uint64_t& entry = first_page_table[address / page_size];
        if (address != 0 && (entry & present) == 0) {
            entry = address | present | writable;
        }
    }
    for (address &= ~(large_page_size - 1); address < range.end; address += large_page_size) {
        auto* directory = directory_of(address);
        if (directory == nullptr) {
            return false;
        }
        std::uint64_t& entry = directory[address / large_page_size % 512];
        if ((entry & present) == 0) {
            entry = address | present | writable | large;
        }
    }
    return true;
}

} // namespace unikernel
