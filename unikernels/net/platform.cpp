// SPDX-License-Identifier: BSD-3-Clause
// What lwIP calls: memory, time, checksums, numbers nobody guesses, and the few functions of the C library it uses beyond
// those of the runtime.
#include "clock.hpp"
#include "cpu.hpp"
#include "heap.hpp"
#include "network.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "lwip_hooks.h"
#include <lwip/opt.h>
#include <lwip/sys.h>

namespace unikernel::net {

constinit std::size_t memory_limit = 0;

namespace {

/// Mixes so that every bit of the result depends on every bit of `value`.
std::uint64_t mix(std::uint64_t value) {
    value ^= value >> 32;
    value *= 0xd6e8'feb8'6659'fd93;
    value ^= value >> 32;
    value *= 0xd6e8'feb8'6659'fd93;
    return value ^ value >> 32;
}

/// Nobody outside knows at which cycle this guest first asked.
std::uint64_t secret() {
    constinit static std::uint64_t value = 0;
    if (value == 0) {
        value = mix(read_time_stamp_counter() ^ wall_clock_ns() << 20) | 1;
    }
    return value;
}

} // namespace

} // namespace unikernel::net

using namespace unikernel;

extern "C" {

unsigned int network_receive_window = 0;
unsigned int network_send_buffer = 0;

void* network_allocate(unsigned long size) {
    // Peers make us allocate. Beyond the limit their frames are lost, and the application goes on.
    if (size > net::memory_limit || heap_in_use() > net::memory_limit - size) {
        return nullptr;
    }
    return ::operator new(size, std::nothrow);
}

void* network_allocate_zeroed(unsigned long count, unsigned long size) {
    void* memory = network_allocate(count * size);
    if (memory != nullptr) {
        std::memset(memory, 0, count * size);
    }
    return memory;
}

void network_free(void* memory) {
    ::operator delete(memory);
}

unsigned int network_random() {
    constinit static std::uint64_t count = 0;
    return static_cast<unsigned int>(net::mix(net::secret() + ++count + read_time_stamp_counter()));
}

/// RFC 6528: a clock that a secret offset, different for each connection, is added to.
unsigned int network_initial_sequence(unsigned int remote_address, unsigned short local_port,
                                      unsigned short remote_port) {
    const std::uint64_t ports = std::uint64_t{local_port} << 16 | remote_port;
    const std::uint64_t connection = net::mix(net::secret() ^ (ports << 32 | remote_address));
    return static_cast<unsigned int>(net::mix(connection + net::secret()) + monotonic_ns() / 4096);
}

/// The sum of RFC 1071, in the order of bytes as they lie in memory, not inverted.
unsigned short network_checksum(const void* data, int length) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    std::uint64_t sum = 0;
    // One's complement: a carry out of the top comes in at the bottom. Four words a round.
    for (; length >= 32; length -= 32, bytes += 32) {
        asm("addq (%1), %0\n\t"
            "adcq 8(%1), %0\n\t"
            "adcq 16(%1), %0\n\t"
            "adcq 24(%1), %0\n\t"
            "adcq $0, %0"
            : "+r"(sum)
            : "r"(bytes), "m"(*reinterpret_cast<const unsigned char(*)[32]>(bytes))
            : "cc");
    }
    std::uint64_t rest = 0;
    for (; length > 1; length -= 2, bytes += 2) {
        rest += static_cast<std::uint64_t>(bytes[0]) | static_cast<std::uint64_t>(bytes[1]) << 8;
    }
    if (length > 0) {
        rest += bytes[0];
    }
    rest += (sum & 0xffff'ffff) + (sum >> 32);
    while (rest >> 16 != 0) {
        rest = (rest & 0xffff) + (rest >> 16);
    }
    return static_cast<unsigned short>(rest);
}

u32_t sys_now() {
    return static_cast<u32_t>(monotonic_ns() / 1'000'000);
}

/// For the number at the end of an interface's name only.
int atoi(const char* text) {
    int value = 0;
    for (; *text >= '0' && *text <= '9'; ++text) {
        value = value * 10 + (*text - '0');
    }
    return value;
}
}
