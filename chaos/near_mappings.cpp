// SPDX-License-Identifier: BSD-3-Clause
// Puts the pages that Xen's libraries map right behind the program's own.
//
// The kernel would place them in a region of their own, for which it has to make three levels of page tables. In a PV
// dom0 each of these takes hypercalls to make and to free: more than a tenth of a millisecond for a program that lives
// for two. Linked with --wrap=mmap; libc's own mappings are not affected.
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

extern "C" {

extern char _end[]; // the linker's: where the program's variables end

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
void* __real_mmap(void* address, std::size_t length, int protection, int flags, int file, off_t offset);

void* __wrap_mmap(void* address, std::size_t length, int protection, int flags, int file, off_t offset) {
    constexpr std::size_t page = 4096, region = 512 * page; // as far as one page table reaches
    static std::size_t used = 2 * page;
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(_end) & -page;
    // A wish: where something else is already, or no room, the kernel decides as usual.
    if (!address && length <= region && start % region + used + length <= region) {
        address = reinterpret_cast<void*>(start + used);
        used += (length + page - 1) & -page;
    }
    return __real_mmap(address, length, protection, flags, file, offset);
}
// NOLINTEND(bugprone-reserved-identifier)
}
