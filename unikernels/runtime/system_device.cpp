// SPDX-License-Identifier: BSD-3-Clause
// As docs/noxs.md, section 3, says.
#include "system_device.hpp"

#include "devices.hpp"
#include "power.hpp"

#include <atomic>

namespace unikernel {

namespace {

constinit noxs_system_page* page = nullptr;
constinit EventPort port = 0;
constinit std::uint32_t last_sequence = 0;
constinit std::uint32_t more_features = 0;

void set(std::uint32_t& field, std::uint32_t value) {
    std::atomic_ref(field).store(value, std::memory_order_release);
}

void answer(noxs_system_answer what, std::uint32_t sequence) {
    set(page->guest.answer, what);
    // Whoever sees the sequence sees the answer too.
    set(page->guest.answer_sequence, sequence);
    notify(port);
}

void look_for_request() {
    const std::uint32_t sequence =
        std::atomic_ref(page->backend.request_sequence).load(std::memory_order_acquire);
    if (sequence == last_sequence) {
        return;
    }
    last_sequence = sequence;
    switch (std::atomic_ref(page->backend.request).load(std::memory_order_relaxed)) {
    case NOXS_REQUEST_POWEROFF:
        answer(NOXS_ANSWER_ACCEPTED, sequence);
        set(page->guest.state, NOXS_STATE_STOPPING);
        power_off();
    case NOXS_REQUEST_REBOOT:
        answer(NOXS_ANSWER_ACCEPTED, sequence);
        set(page->guest.state, NOXS_STATE_STOPPING);
        reboot();
    case NOXS_REQUEST_CRASH:
        answer(NOXS_ANSWER_ACCEPTED, sequence);
        fault();
    default:
        answer(NOXS_ANSWER_REFUSED, sequence);
    }
}

constinit EventHandler handler{look_for_request};

} // namespace

void follow_devices() {
    more_features |= NOXS_FEATURE_HOTPLUG;
}

void ready() {
    if (page != nullptr) {
        return;
    }
    const auto device = find_device(NOXS_DEVICE_SYSTEM);
    if (!device) {
        return;
    }
    page = static_cast<noxs_system_page*>(device->control_page);
    port = device->port;
    set(page->guest.features,
        NOXS_FEATURE_POWEROFF | NOXS_FEATURE_REBOOT | NOXS_FEATURE_CRASH | more_features);
    // Bound first: "ready" is only true once a request would be answered.
    handler.bind(port);
    set(page->guest.state, NOXS_STATE_READY);
    notify(port);
}

} // namespace unikernel
