// SPDX-License-Identifier: BSD-3-Clause
// What is done to a guest that has stopped, by what its configuration says.
#pragma once

#include <optional>
#include <string>

#include "libchaos/domain/claimed.hpp"

namespace chaos::daemon {

/// What the configuration wants for that reason; nothing for a guest that has suspended itself.
std::optional<EndAction> action_for(const EndActions& actions, xen::ShutdownReason reason);

/// Whether it makes the guest anew.
bool restarts(EndAction action);

struct Ended {
    bool claimed_by_another = false; ///< somebody else decides; look again later
    bool gone = false;               ///< it was destroyed, or runs, by now
    /// To be created again, with the claim held until it is.
    std::optional<GuestConfig> anew;
    std::optional<Claim> claim;
    std::string note; ///< what else happened: where its memory was written to, or why not
};

/// Does what `action` asks but the creating. Fails only if nothing was changed that cannot be tried again.
Result<Ended> end_guest(Host& host, const GuestInfo& guest, EndAction action,
                        const std::string& dump_directory);

} // namespace chaos::daemon
