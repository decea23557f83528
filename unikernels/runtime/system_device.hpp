// SPDX-License-Identifier: BSD-3-Clause
// The guest's side of the noxs system device: "ready", and requests to end.
#pragma once

namespace unikernel {

/// Says that this guest does what it was made for, and from then on answers the toolstack's requests (power
/// off, reboot, crash) from an event handler, however busy the application is. Without noxs it does nothing.
void ready();

} // namespace unikernel
