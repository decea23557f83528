// SPDX-License-Identifier: BSD-3-Clause
// Buffers are kept when they come back, up to a bound: fresh memory from the kernel costs a page fault every 4 KiB.
#include "xendevd/vbd/buffer_pool.hpp"

#include <sys/mman.h>

#include <bit>

namespace xendevd {

namespace {

constexpr std::size_t smallest = 4096;

std::size_t rounded(std::size_t bytes) {
    return std::bit_ceil(bytes < smallest ? smallest : bytes);
}

std::size_t place(std::size_t size) {
    return static_cast<std::size_t>(std::countr_zero(size / smallest));
}

} // namespace

BufferPool::~BufferPool() {
    for (std::size_t index = 0; index < kept_.size(); ++index) {
        for (std::byte* buffer : kept_[index])
            ::munmap(buffer, smallest << index);
    }
}

std::byte* BufferPool::take(std::size_t bytes) {
    const std::size_t size = rounded(bytes);
    auto& kept = kept_[place(size)];
    std::byte* buffer = nullptr;
    if (kept.empty()) {
        void* fresh = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED)
            return nullptr;
        buffer = static_cast<std::byte*>(fresh);
    } else {
        buffer = kept.back();
        kept.pop_back();
        kept_bytes_ -= size;
    }
    in_use_ += size;
    return buffer;
}

void BufferPool::give_back(std::byte* buffer, std::size_t bytes) {
    const std::size_t size = rounded(bytes);
    in_use_ -= size;
    if (kept_bytes_ + size > most_kept) {
        ::munmap(buffer, size);
        return;
    }
    kept_[place(size)].push_back(buffer);
    kept_bytes_ += size;
}

} // namespace xendevd
