// SPDX-License-Identifier: BSD-3-Clause
// What guests there are, joined from the hypervisor (the truth) and the registry (names and configurations).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/domain/host.hpp"
#include "libchaos/state/record.hpp"
#include "libchaos/xen/control.hpp"

namespace chaos {

/// A domain of this host. `record` is there for guests that chaos made; a domain without one belongs to
/// another toolstack, unless it is a `shell`.
struct GuestInfo {
    xen::DomainInfo domain;
    std::optional<GuestRecord> record;
    /// A living chaos works on it: a shell that waits for its guest, or a guest that is still being made.
    bool shell = false;

    /// The record's name, "Domain-0" for dom0, or empty for a foreign domain and a shell.
    [[nodiscard]] std::string name() const;
};

/// Every domain, by rising id. Also tidies up: records without their domain, and half-made domains of a chaos
/// that was killed, are removed.
Result<std::vector<GuestInfo>> list(Host& host);

/// One guest of chaos by name, domain id or UUID (in this order of trial: all digits = id, UUID form = UUID,
/// else name). Fails with not_found.
Result<GuestInfo> find(Host& host, std::string_view name_id_or_uuid);

} // namespace chaos
