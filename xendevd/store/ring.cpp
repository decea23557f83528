// SPDX-License-Identifier: BSD-3-Clause
// Ring arithmetic of the XenStore page.
#include "xendevd/store/ring.hpp"

#include <atomic>

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace xendevd {

static_assert(StoreRing::capacity == XENSTORE_RING_SIZE);

namespace {

xenstore_domain_interface& interface(std::byte* page) {
    return *reinterpret_cast<xenstore_domain_interface*>(page);
}

/// Acquire: what the index promises is read after it.
std::uint32_t load(XENSTORE_RING_IDX& index) {
    return std::atomic_ref(index).load(std::memory_order_acquire);
}

/// Release: what the index promises was read or written before it. And the guest's index is read again only after it:
/// the guest sends an event only if it finds ours where it was when we went to sleep.
void publish(XENSTORE_RING_IDX& index, std::uint32_t value) {
    std::atomic_ref(index).store(value, std::memory_order_release);
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

} // namespace

StoreRing::StoreRing(std::byte* page)
    : page_(page), consumed_(load(interface(page).req_cons)), produced_(load(interface(page).rsp_prod)) {}

std::optional<std::size_t> StoreRing::readable() const {
    const std::uint32_t count = load(interface(page_).req_prod) - consumed_;
    if (count > capacity)
        return std::nullopt;
    return count;
}

void StoreRing::peek(std::size_t offset, std::span<char> to) const {
    const volatile char* bytes = interface(page_).req;
    std::uint32_t position = consumed_ + static_cast<std::uint32_t>(offset);
    for (char& byte : to)
        byte = bytes[position++ % capacity];
}

void StoreRing::consume_to(std::uint32_t position) {
    consumed_ = position;
    publish(interface(page_).req_cons, consumed_);
}

std::optional<std::size_t> StoreRing::room() const {
    const std::uint32_t used = produced_ - load(interface(page_).rsp_cons);
    if (used > capacity)
        return std::nullopt;
    return capacity - used;
}

void StoreRing::put(std::string_view bytes) {
    volatile char* to = interface(page_).rsp;
    std::uint32_t position = produced_;
    for (const char byte : bytes)
        to[position++ % capacity] = byte;
    produced_ = position;
    publish(interface(page_).rsp_prod, produced_);
}

} // namespace xendevd
