// SPDX-License-Identifier: BSD-3-Clause
// Tries the runtime's own services - heap, pages, clocks, sleep - inside a guest, and says what failed.
#include "runtime.hpp"

using namespace unikernel;

namespace {

constexpr std::uint64_t millisecond = 1'000'000;

[[noreturn]] void fail(const char* what) {
    print("selftest: {} failed\n", what);
    panic("selftest failed");
}

/// Blocks of many sizes at once: none may share a byte with another.
void try_heap() {
    constexpr std::size_t count = 64;
    unsigned char* blocks[count];
    for (std::size_t round = 0; round < 8; ++round) {
        for (std::size_t i = 0; i < count; ++i) {
            blocks[i] = new unsigned char[1 + i * i];
            for (std::size_t offset = 0; offset <= i * i; ++offset) {
                blocks[i][offset] = static_cast<unsigned char>(i);
            }
        }
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t offset = 0; offset <= i * i; ++offset) {
                if (blocks[i][offset] != i) {
                    fail("keeping apart what new gave out");
                }
            }
            delete[] blocks[i];
        }
    }
}

/// What was given back can be had again, whole.
void try_pages() {
    const std::size_t before = largest_free_run();
    void* const many = allocate_pages(before);
    if (many == nullptr || allocate_pages(before) != nullptr) {
        fail("allocating the largest run of pages once");
    }
    free_pages(many, before);
    if (largest_free_run() != before) {
        fail("giving pages back");
    }
}

void try_clocks() {
    const std::uint64_t start = monotonic_ns();
    sleep_ns(20 * millisecond);
    const std::uint64_t slept = monotonic_ns() - start;
    if (slept < 20 * millisecond) {
        fail("sleeping long enough");
    }
    // Of many timers some come a little before their moment.
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        sleep_ns(i % 37 * 20'000);
    }
    std::uint64_t last = monotonic_ns();
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t now = monotonic_ns();
        if (now < last) {
            fail("a clock that never goes back");
        }
        last = now;
    }
    print("selftest: wall clock {} s\n", wall_clock_ns() / (1000 * millisecond));
}

} // namespace

void unikernel::app_main(const BootInfo&) {
    try_heap();
    try_pages();
    try_clocks();
    print("selftest: passed\n");
    ready();
    block_forever();
}
