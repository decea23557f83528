// SPDX-License-Identifier: BSD-3-Clause
// operator new and delete: powers of two out of one page, anything larger in pages of its own.
// Not for event handlers.
#include "heap.hpp"

#include "boot_info.hpp"
#include "page_allocator.hpp"
#include "power.hpp"

#include <bit>
#include <new>

namespace unikernel {

namespace {

/// Stands before every block, and keeps what follows aligned to 16.
struct alignas(16) BlockHeader {
    std::size_t size; // of the block with its header
};

struct FreeBlock {
    FreeBlock* next;
};

constexpr std::size_t smallest_block = 32;
constexpr std::size_t largest_block = page_size / 2;
constexpr std::size_t class_count = std::bit_width(largest_block / smallest_block);

constinit FreeBlock* free_blocks[class_count] = {};
constinit std::size_t in_use = 0;

constexpr std::size_t class_of(std::size_t block_size) {
    return std::bit_width(block_size / smallest_block) - 1;
}

void* take_block(std::size_t block_size) {
    FreeBlock*& list = free_blocks[class_of(block_size)];
    if (list == nullptr) {
        auto* page = static_cast<char*>(allocate_pages(1));
        for (std::size_t offset = 0; page != nullptr && offset < page_size; offset += block_size) {
            auto* block = reinterpret_cast<FreeBlock*>(page + offset);
            block->next = list;
            list = block;
        }
    }
    FreeBlock* const block = list;
    if (block != nullptr) {
        list = block->next;
    }
    return block;
}

void* allocate(std::size_t size) {
    if (size > std::size_t{1} << 48) {
        return nullptr;
    }
    std::size_t block_size = size + sizeof(BlockHeader);
    block_size = block_size < smallest_block ? smallest_block : block_size;
    void* block = nullptr;
    if (block_size <= largest_block) {
        block_size = std::bit_ceil(block_size);
        block = take_block(block_size);
    } else {
        block_size = page_ceiling(block_size);
        block = allocate_pages(block_size / page_size);
    }
    if (block == nullptr) {
        return nullptr;
    }
    auto* header = static_cast<BlockHeader*>(block);
    header->size = block_size;
    in_use += block_size;
    return header + 1;
}

void release(void* pointer) {
    if (pointer == nullptr) {
        return;
    }
    auto* header = static_cast<BlockHeader*>(pointer) - 1;
    const std::size_t block_size = header->size;
    in_use -= block_size;
    if (block_size > largest_block) {
        free_pages(header, block_size / page_size);
        return;
    }
    auto* block = reinterpret_cast<FreeBlock*>(header);
    block->next = free_blocks[class_of(block_size)];
    free_blocks[class_of(block_size)] = block;
}

void* allocate_or_end(std::size_t size) {
    void* pointer = allocate(size);
    if (pointer == nullptr) {
        panic("out of memory");
    }
    return pointer;
}

} // namespace

std::size_t heap_in_use() {
    return in_use;
}

} // namespace unikernel

const std::nothrow_t std::nothrow{};

void* operator new(std::size_t size) {
    return unikernel::allocate_or_end(size);
}
void* operator new[](std::size_t size) {
    return unikernel::allocate_or_end(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return unikernel::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return unikernel::allocate(size);
}
void operator delete(void* pointer) noexcept {
    unikernel::release(pointer);
}
void operator delete[](void* pointer) noexcept {
    unikernel::release(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
    unikernel::release(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept {
    unikernel::release(pointer);
}
