// SPDX-License-Identifier: BSD-3-Clause
// Taking devices away with the lock of their guest's record held.
#pragma once

#include <cstdint>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"
#include "libchaos/state/registry.hpp"

namespace chaos {

/// detach() in the record that `change` holds, and saves it.
Result<void> detach_recorded(Host& host, const GuestInfo& guest, RecordChange& change,
                             const devices::DetachRequest& request, int stop_fd = -1);

/// Takes device `id` away, at once, if whoever attached or detached it was killed at that: it is recorded, but xendevd does
/// not serve it or the guest is not shown it. True if so. Of one that is whole the guest is told once more, because that may
/// be what was left to do.
Result<bool> detach_unfinished(Host& host, const GuestInfo& guest, RecordChange& change,
                               devices::DeviceType type, std::uint32_t id);

} // namespace chaos
