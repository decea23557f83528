// SPDX-License-Identifier: BSD-3-Clause
// Looking a domain up that need not be a guest of chaos, for the verbs that only look.
#pragma once

#include <string_view>

#include "chaos/verb.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos::cli {

/// What --json prints of a domain; every verb that shows domains shows these.
inline constexpr JsonField domain_fields[] = {
    {"guests[].name", "The name, or null for a domain that another tool made."},
    {"guests[].id", "The domain id."},
    {"guests[].uuid", "The UUID."},
    {"guests[].type", "pvh or pv."},
    {"guests[].state", "dying, crashed, shutdown, paused, running, blocked (waits for an event) or idle."},
    {"guests[].shutdown_reason",
     "Why it stopped: poweroff, reboot, suspend, crash, watchdog or soft_reset; null while it has not."},
    {"guests[].memory_kib", "Its memory now."},
    {"guests[].vcpus", "Its virtual CPUs that are online."},
    {"guests[].cpu_seconds", "CPU time it has used."},
    {"guests[].created_unix_ms", "When chaos made it, milliseconds since 1970, or null."},
    {"guests[].made_by_chaos", "Whether chaos made it, and can act on it."},
    {"guests[].shell",
     "Whether it is prepared and waits for its guest, or its guest is being made just now."},
};

/// A guest of chaos, or any other domain by id, UUID, or the name Domain-0.
Result<GuestInfo> find_any(Host& host, std::string_view name_id_or_uuid);

} // namespace chaos::cli
