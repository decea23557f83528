// SPDX-License-Identifier: BSD-3-Clause
// Writes our half of a control page, and believes little of the other one.
#include "front_end.hpp"

#include <atomic>
#include <cstddef>

namespace unikernel {

namespace {

static_assert(offsetof(noxs_vif_page, backend) == offsetof(noxs_vbd_page, backend));
static_assert(offsetof(noxs_vif_page, frontend) == offsetof(noxs_vbd_page, frontend));

noxs_backend_half& backend_half(const Device& device) {
    return static_cast<noxs_vif_page*>(device.control_page)->backend;
}

noxs_frontend_half& frontend_half(const Device& device) {
    return static_cast<noxs_vif_page*>(device.control_page)->frontend;
}

std::uint32_t load(std::uint32_t& field) {
    return std::atomic_ref(field).load(std::memory_order_acquire);
}

void store(std::uint32_t& field, std::uint32_t value) {
    std::atomic_ref(field).store(value, std::memory_order_relaxed);
}

} // namespace

FrontEnd::FrontEnd(const Device& device)
    : device_(device), handler_([] {}), sequence_(load(frontend_half(device).sequence)) {}

void FrontEnd::offer(std::uint32_t features, std::span<const GrantReference> rings) {
    auto& half = frontend_half(device_);
    offered_features_ = features;
    store(half.features, features);
    store(half.ring_pages, static_cast<std::uint32_t>(rings.size()));
    for (std::size_t i = 0; i < rings.size() && i < NOXS_MAXIMUM_RING_PAGES; ++i) {
        store(half.ring_references[i], rings[i]);
    }
    publish(NOXS_FRONTEND_OFFERED);
    handler_.bind(device_.port);
}

void FrontEnd::close() {
    publish(NOXS_FRONTEND_CLOSED);
}

void FrontEnd::publish(std::uint32_t state) {
    auto& half = frontend_half(device_);
    store(half.state, state);
    // Whoever sees the sequence sees the rest too.
    std::atomic_ref(half.sequence).store(++sequence_, std::memory_order_release);
    notify();
}

/// Whether the device page still has this device, not another one in its place.
bool FrontEnd::is_listed() const {
    if (const std::uint32_t generation = device_generation(); generation != known_generation_) {
        known_generation_ = generation;
        is_listed_ = false;
        for (const auto type : {NOXS_DEVICE_VIF, NOXS_DEVICE_VBD}) {
            const auto found = find_device(type, device_.id);
            is_listed_ = is_listed_ || (found && found->control_page == device_.control_page &&
                                        found->instance == device_.instance);
        }
    }
    return is_listed_;
}

FrontEnd::State FrontEnd::state() const {
    // It leaves the page when the back-end has let go, and its control page may be the next device's by now.
    if (!is_listed()) {
        return State::closed;
    }
    auto& half = backend_half(device_);
    // The sequence first: it is what the back-end writes last.
    const bool answered = load(half.answer_sequence) == sequence_;
    switch (load(half.state)) {
    case NOXS_BACKEND_CONNECTED:
        return answered ? State::connected : State::waiting;
    case NOXS_BACKEND_CLOSING:
        return State::closing;
    case NOXS_BACKEND_CLOSED:
        return answered ? State::closed : State::waiting;
    case NOXS_BACKEND_FAILED:
        return State::failed;
    default:
        return State::waiting;
    }
}

std::uint32_t FrontEnd::features() const {
    return state() == State::connected ? load(backend_half(device_).features) & offered_features_ : 0;
}

} // namespace unikernel
