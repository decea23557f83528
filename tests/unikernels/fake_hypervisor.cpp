// SPDX-License-Identifier: BSD-3-Clause
// The runtime's services that end in hypercalls, without any.
#include "fake_hypervisor.hpp"

#include <cstdlib>
#include <set>

#include "unikernels/runtime/events.hpp"
#include "unikernels/runtime/page_allocator.hpp"

namespace unikernel {

using namespace fake_hypervisor;

namespace {

/// Memory that a guest left where it is, for good reason, is no leak of the test; nor is this, which outlives it.
auto& allocations = *new std::set<void*>;

} // namespace

void* allocate_pages(std::size_t count) {
    pages_in_use += count;
    void* pages = std::aligned_alloc(4096, count * 4096);
    allocations.insert(pages);
    return pages;
}

void free_pages(void* pages, std::size_t count) {
    if (pages != nullptr) {
        pages_in_use -= count;
        allocations.erase(pages);
        std::free(pages);
    }
}

GrantReference grant_pages(std::uint16_t domain, const void* memory, std::size_t count) {
    static GrantReference next = 134;
    const GrantReference first = next;
    for (std::size_t i = 0; i < count; ++i) {
        grants[next++] = {domain, static_cast<std::byte*>(const_cast<void*>(memory)) + i * 4096};
    }
    return first;
}

bool end_grants(GrantReference first, std::size_t count) {
    for (std::size_t i = 0; i < count && !grants_are_in_use; ++i) {
        grants.erase(static_cast<GrantReference>(first + i));
    }
    return !grants_are_in_use;
}

std::uint32_t device_generation() {
    return generation;
}

std::optional<Device> find_device(noxs_device_type type, std::uint16_t id) {
    return type == NOXS_DEVICE_VIF && listed_vif && listed_vif->id == id ? listed_vif : std::nullopt;
}

void EventHandler::bind(EventPort port) {
    port_ = port;
    ++handlers_bound;
}

void EventHandler::unbind() {
    handlers_bound -= port_ != 0 ? 1 : 0;
    port_ = 0;
}

void notify(EventPort) {
    ++events_sent;
}

} // namespace unikernel
