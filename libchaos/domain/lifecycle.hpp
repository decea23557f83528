// SPDX-License-Identifier: BSD-3-Clause
// What can be done to a running guest: pause, stop, restart, rename, destroy.
#pragma once

#include <chrono>
#include <string_view>

#include "libchaos/domain/create.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos {

Result<void> pause(Host& host, const GuestInfo& guest);
Result<void> unpause(Host& host, const GuestInfo& guest);

/// Ends the guest at once and forgets it: domain, name and record. Succeeds if the domain is gone already.
Result<void> destroy(Host& host, const GuestInfo& guest);

/// Gives a guest of chaos another name; fails with name_taken or invalid_argument.
Result<void> rename(Host& host, const GuestInfo& guest, std::string_view new_name);

enum class PowerRequest : std::uint8_t { poweroff, reboot, crash };

/// Asks the guest, over its system device (docs/noxs.md), and waits until it has accepted; a stock guest through its
/// private store, without an answer.
/// Fails with guest_failed if it has no system device, says no, or is not running; timed_out if it does not
/// answer.
Result<void> request_power(Host& host, const GuestInfo& guest, PowerRequest request,
                           std::chrono::milliseconds timeout, int stop_fd = -1);

/// Waits until the domain has shut down (its reason is returned) or is gone (poweroff is returned).
Result<xen::ShutdownReason> wait_for_shutdown(Host& host, const GuestInfo& guest,
                                              std::chrono::milliseconds timeout, int stop_fd = -1);

/// Makes the guest anew from its record, with the same name and UUID: the old domain is destroyed first.
Result<CreatedGuest> restart(Host& host, const GuestInfo& guest, const CreateOptions& options);

} // namespace chaos
