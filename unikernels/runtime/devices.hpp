// SPDX-License-Identifier: BSD-3-Clause
// Finds devices on the noxs device page (docs/noxs.md).
#pragma once

#include "events.hpp"
#include "noxs/noxs.h"

#include <cstdint>
#include <optional>
#include <span>

namespace unikernel {

struct Device {
    void* control_page = nullptr;
    EventPort port = 0;
    std::uint16_t id = 0;
    std::uint16_t backend_domain = 0;
    std::uint32_t instance = 0; // tells this device from an earlier one in the same slot
};

/// The device `id` of `type`, its control page mapped; nothing if the toolstack gave none, or one that makes
/// no sense.
std::optional<Device> find_device(noxs_device_type type, std::uint16_t id = 0);

/// All devices of `type` that make sense, as they were at one moment; as many as fit.
std::size_t list_devices(noxs_device_type type, std::span<Device> devices);

/// Moves whenever the toolstack has changed the device page; 0 without one.
std::uint32_t device_generation();

} // namespace unikernel
