// SPDX-License-Identifier: BSD-3-Clause
// A whole creation, in the order everything flows: config → prepare → execute → record.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/many_guests.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

struct CreateOptions {
    /// Leave the guest paused; wait_ready is then ignored.
    bool paused = false;
    /// Return only when the guest has said "ready" (docs/noxs.md), at most after this long.
    std::optional<std::chrono::milliseconds> wait_ready;
    /// When this descriptor becomes readable the creation is undone and fails with ErrorKind::interrupted; -1
    /// = never.
    int stop_fd = -1;
};

/// Where the time of a creation went, µs of the monotonic clock.
struct PhaseTimes {
    std::uint64_t prepare_us = 0;
    std::uint64_t execute_us = 0;
    std::uint64_t ready_us = 0; ///< from unpause to "ready"; 0 if not waited for
};

struct CreatedGuest {
    DomainId id{};
    Uuid uuid;
    std::string name;
    PhaseTimes times;
};

/// Creates the guest and records it. On any failure nothing of it is left: no domain, event channel, mapping,
/// name or file. `kernel` must be config.kernel opened; a caller that makes many guests opens it once.
Result<CreatedGuest> create(Host& host, const GuestConfig& config, const Kernel& kernel,
                            const CreateOptions& options);

/// Checks everything that can be checked without creating a domain: kernel, ramdisk, type, memory against the
/// image's needs, disk images. Needs no xendevd.
Result<void> check_creatable(const GuestConfig& config, const Kernel& kernel);

} // namespace chaos
