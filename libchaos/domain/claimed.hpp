// SPDX-License-Identifier: BSD-3-Clause
// A guest whose end is ours to decide.
#pragma once

#include <chrono>

#include "libchaos/domain/query.hpp"
#include "libchaos/state/claim.hpp"

namespace chaos {

struct ClaimedGuest {
    Claim claim;
    GuestInfo guest;        ///< as it is with the claim held
    bool made_anew = false; ///< by whoever had the claim before: it has another domain id now
};

/// Waits until nobody else shuts the guest down or makes it anew, and looks at it again. Fails with not_found if it is gone
/// then, timed_out, or interrupted.
Result<ClaimedGuest> claim(Host& host, const GuestInfo& guest, std::chrono::milliseconds timeout,
                           int stop_fd = -1);

/// destroy(), of a guest that nobody makes anew at the same time: if it was, the new one is destroyed. Succeeds if it is gone
/// already.
Result<void> destroy_claimed(Host& host, const GuestInfo& guest, std::chrono::milliseconds timeout,
                             int stop_fd = -1);

/// The guest as it is now: the same domain, or another of the same name and UUID. Fails with not_found.
Result<GuestInfo> look_again(Host& host, const GuestInfo& guest);

} // namespace chaos
