// SPDX-License-Identifier: BSD-3-Clause
// The guest's side of the noxs system device: "ready", and requests to end.
#pragma once

namespace unikernel {

/// Says that this guest does what it was made for, and from then on answers the toolstack's requests (power
/// off, reboot, crash) from an event handler, however busy the application is. Without noxs it does nothing.
void ready();

/// Says, with ready(), that this guest follows device_generation() (devices.hpp): devices may come and go while it runs.
/// Each change ends a wait_until().
void follow_devices();

} // namespace unikernel
