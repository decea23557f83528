// SPDX-License-Identifier: BSD-3-Clause
// Console ring arithmetic: free-running 32-bit indices, masked on access, each read once.
#include "libchaos/xen/console_ring.hpp"

#include <atomic>

#include "libchaos/xen/headers.hpp"

extern "C" {
#include <xen/io/console.h>
}

namespace chaos::xen {

namespace {

constexpr std::uint32_t out_size = sizeof(xencons_interface::out);
constexpr std::uint32_t in_size = sizeof(xencons_interface::in);

std::uint32_t load(const XENCONS_RING_IDX& index) {
    return std::atomic_ref<XENCONS_RING_IDX>(const_cast<XENCONS_RING_IDX&>(index))
        .load(std::memory_order_acquire);
}

void store(XENCONS_RING_IDX& index, std::uint32_t value) {
    std::atomic_ref<XENCONS_RING_IDX>(index).store(value, std::memory_order_release);
}

/// Copies out the output between the indices; nothing if they are further apart than the ring is long.
std::string copy_output(const xencons_interface& ring, std::uint32_t consumer, std::uint32_t producer) {
    const std::uint32_t count = producer - consumer;
    std::string text;
    if (count > out_size)
        return text;
    text.resize(count);
    for (std::uint32_t offset = 0; offset < count; ++offset)
        text[offset] = static_cast<const volatile char&>(ring.out[(consumer + offset) % out_size]);
    return text;
}

} // namespace

std::string read_console_ring(std::byte* page) {
    auto& ring = *reinterpret_cast<xencons_interface*>(page);
    const std::uint32_t producer = load(ring.out_prod);
    std::string text = copy_output(ring, load(ring.out_cons), producer);
    store(ring.out_cons, producer);
    return text;
}

std::string peek_console_ring(const std::byte* page) {
    const auto& ring = *reinterpret_cast<const xencons_interface*>(page);
    return copy_output(ring, load(ring.out_cons), load(ring.out_prod));
}

std::size_t write_console_ring(std::byte* page, std::span<const char> bytes) {
    auto& ring = *reinterpret_cast<xencons_interface*>(page);
    const std::uint32_t consumer = load(ring.in_cons);
    const std::uint32_t producer = load(ring.in_prod);
    const std::uint32_t used = producer - consumer;
    const std::uint32_t room = used > in_size ? 0 : in_size - used;
    const std::size_t count = bytes.size() < room ? bytes.size() : room;
    for (std::size_t offset = 0; offset < count; ++offset)
        ring.in[(producer + static_cast<std::uint32_t>(offset)) % in_size] = bytes[offset];
    store(ring.in_prod, producer + static_cast<std::uint32_t>(count));
    return count;
}

} // namespace chaos::xen
