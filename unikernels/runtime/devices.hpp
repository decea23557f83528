// SPDX-License-Identifier: BSD-3-Clause
// Finds devices on the noxs device page (docs/noxs.md).
#pragma once

#include "events.hpp"
#include "noxs/noxs.h"

#include <cstdint>
#include <optional>

namespace unikernel {

struct Device {
    void* control_page;
    EventPort port;
};

/// The device `id` of `type`, its control page mapped; nothing if the toolstack gave none, or one that makes
/// no sense.
std::optional<Device> find_device(noxs_device_type type, std::uint16_t id = 0);

} // namespace unikernel
