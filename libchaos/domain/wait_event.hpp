// SPDX-License-Identifier: BSD-3-Clause
// Waiting for something a guest does, without ever hanging on a guest that died.
#pragma once

#include <chrono>
#include <functional>

#include "libchaos/domain/host.hpp"

namespace chaos {

/// Returns when `done()` is true; it is asked before the first wait and after each event. A Host serves one wait at a
/// time: the caller has bound the guest's port on `host.events()`, any event there is worth a look, and the caller unbinds
/// the port afterwards, as the event that ends the wait leaves it masked. Fails with guest_failed when the domain has
/// stopped or is gone, timed_out, or interrupted when `stop_fd` (-1 for none) is readable.
///
/// Xen tells of a domain's end through one virtual interrupt that xenstored usually holds, so the domain is
/// looked at every 50 ms instead.
Result<void> wait_event(Host& host, DomainId domain, std::chrono::milliseconds timeout, int stop_fd,
                        const std::function<bool()>& done);

/// Fails with guest_failed if the domain has stopped or is gone. One hypercall.
Result<void> check_alive(Host& host, DomainId domain);

/// Words for why a domain stopped: "powered off", "crashed", …
const char* describe(xen::ShutdownReason reason);

} // namespace chaos
