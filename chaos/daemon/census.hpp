// SPDX-License-Identifier: BSD-3-Clause
// Which domains there are, and what has changed since the last look.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos::daemon {

/// A domain as the last census saw it; by rising id.
struct Seen {
    DomainId id{};
    Uuid uuid;
    std::string name;     ///< empty if it is none of chaos, or still being made
    bool stopped = false; ///< and that was told
    bool dying = false;
    std::uint8_t puzzles = 0; ///< looks at it that found it stopped and without a record
};

/// A guest that has stopped.
struct Stopped {
    GuestInfo guest; ///< with its record
};

/// A domain that is not there any more.
struct Gone {
    DomainId id{};
    Uuid uuid;
    std::string name;
};

struct Census {
    std::shared_ptr<const std::vector<Seen>> seen;
    std::vector<Stopped> stopped; ///< since the last census, or before the first
    std::vector<Gone> gone;
    bool look_again_soon = false; ///< a domain has stopped whose record is still being written
};

/// Counts the domains, which takes time in proportion to them, and forgets what is gone: its record, and what xendevd has of
/// it. `before` is what the last census saw, or null. Run it on a thread that may wait.
Result<Census> take_census(Host& host, const std::shared_ptr<const std::vector<Seen>>& before);

} // namespace chaos::daemon
