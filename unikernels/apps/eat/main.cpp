// SPDX-License-Identifier: BSD-3-Clause
// Takes all the RAM it can get, writes to every page and reads it back: what it prints is really there.
#include "runtime.hpp"

using namespace unikernel;

namespace {

/// A stretch of memory that was taken; described in its own first page, as there is no other memory left.
struct Stretch {
    Stretch* next;
    std::size_t pages;
};

constexpr std::size_t words_per_page = page_size / sizeof(std::uint64_t);

/// The last word of a page is the one that tells it from all others.
volatile std::uint64_t& mark(Stretch& stretch, std::size_t page) {
    return reinterpret_cast<volatile std::uint64_t*>(&stretch)[page * words_per_page + words_per_page - 1];
}

std::uint64_t pattern(const Stretch& stretch, std::size_t page) {
    return (reinterpret_cast<std::uint64_t>(&stretch) + page * page_size) ^ 0xa5a5'5a5a'c3c3'3c3c;
}

Stretch* take_everything() {
    Stretch* first = nullptr;
    for (std::size_t pages = largest_free_run(); pages > 0; pages = largest_free_run()) {
        auto* stretch = static_cast<Stretch*>(allocate_pages(pages));
        *stretch = {first, pages};
        first = stretch;
    }
    return first;
}

} // namespace

void unikernel::app_main(const BootInfo& boot) {
    Stretch* const first = take_everything();
    std::size_t eaten = 0;
    for (Stretch* stretch = first; stretch != nullptr; stretch = stretch->next) {
        for (std::size_t page = 0; page < stretch->pages; ++page) {
            mark(*stretch, page) = pattern(*stretch, page);
        }
        eaten += stretch->pages;
    }
    for (Stretch* stretch = first; stretch != nullptr; stretch = stretch->next) {
        for (std::size_t page = 0; page < stretch->pages; ++page) {
            if (mark(*stretch, page) != pattern(*stretch, page)) {
                print("Page {x} does not hold what was written.\n", pattern(*stretch, page));
                panic("RAM that is not there");
            }
        }
    }
    print("Ate {} KiB of {} KiB of RAM.\n", eaten * page_size / kibibyte, boot.ram_bytes() / kibibyte);
    ready();
    block_forever();
}
