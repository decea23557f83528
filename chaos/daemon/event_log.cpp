// SPDX-License-Identifier: BSD-3-Clause
// Creates and shells that succeed are not told: there are thousands.
#include "chaos/daemon/event_log.hpp"

namespace chaos::daemon {

std::string line_of(const Event& event) {
    const std::string guest = "guest " + event.guest + " (domain " + std::to_string(raw(event.id)) + ")";
    switch (event.kind) {
    case EventKind::died:
        return guest + ": " + event.detail;
    case EventKind::restarted:
        return guest + " was made anew";
    case EventKind::shell_failed:
        return "pool " + event.flavour + ": " + event.detail;
    case EventKind::pool_changed:
        return "pool " + event.flavour + ": " + event.detail;
    case EventKind::created:
    case EventKind::ready:
    case EventKind::destroyed:
    case EventKind::shell_ready:
        return {};
    }
    return {};
}

Events::Subscription log_events(Events& events, Log& log) {
    return events.listen([&log](const Event& event) {
        const std::string line = line_of(event);
        if (line.empty())
            return;
        if (event.kind == EventKind::shell_failed)
            log.warning(line);
        else
            log.info(line);
    });
}

} // namespace chaos::daemon
