// SPDX-License-Identifier: BSD-3-Clause
// The functions of the C library that the compiler and the headers we use may call.
#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* destination, const void* source, std::size_t size) {
    void* const result = destination;
    // In words: on emulated hardware each step of a REP is an instruction.
    std::size_t words = size / 8;
    size %= 8;
    asm volatile("rep movsq" : "+D"(destination), "+S"(source), "+c"(words)::"memory");
    asm volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(size)::"memory");
    return result;
}

void* memset(void* destination, int value, std::size_t size) {
    void* const result = destination;
    const std::uint64_t word = static_cast<unsigned char>(value) * 0x0101'0101'0101'0101u;
    std::size_t words = size / 8;
    size %= 8;
    asm volatile("rep stosq" : "+D"(destination), "+c"(words) : "a"(word) : "memory");
    asm volatile("rep stosb" : "+D"(destination), "+c"(size) : "a"(word) : "memory");
    return result;
}

void* memmove(void* destination, const void* source, std::size_t size) {
    const auto to = reinterpret_cast<std::uintptr_t>(destination);
    const auto from = reinterpret_cast<std::uintptr_t>(source);
    if (to - from >= size) {
        return memcpy(destination, source, size);
    }
    auto* last_to = static_cast<char*>(destination) + size - 1;
    const auto* last_from = static_cast<const char*>(source) + size - 1;
    asm volatile("std; rep movsb; cld" : "+D"(last_to), "+S"(last_from), "+c"(size)::"memory");
    return destination;
}

int memcmp(const void* left, const void* right, std::size_t size) {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (std::size_t i = 0; i < size; ++i) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

void* memchr(const void* memory, int value, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(memory);
    for (std::size_t i = 0; i < size; ++i) {
        if (bytes[i] == static_cast<unsigned char>(value)) {
            return const_cast<unsigned char*>(bytes + i);
        }
    }
    return nullptr;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}
}
