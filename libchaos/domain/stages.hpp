// SPDX-License-Identifier: BSD-3-Clause
// What a creation in one go and one in a shell that was made ahead have in common: reserve, prepare, record.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "libchaos/devices/image.hpp"
#include "libchaos/domain/execute.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"

namespace chaos {

struct Reserved {
    Reservation reservation;
    Shell shell;
};

/// Holds an id, and `name` unless it is empty, and prepares a shell of that id. Ids of the registry can be in use by
/// domains of other toolstacks: then the next one is tried. `kernel` and `stop_fd` as in prepare().
Result<Reserved> reserve_and_prepare(Host& host, const std::string& name, const Uuid& uuid,
                                     const Flavour& flavour, const KernelHeaders* kernel, int stop_fd);

/// How long a phase has taken.
std::uint64_t microseconds_since(std::chrono::steady_clock::time_point start);

/// Gives a shell's reservation its name. One that a guest held which is gone is freed first.
Result<void> claim(Host& host, Reservation& reservation, const std::string& name);

/// Fails if a guest of that flavour cannot say that it is ready.
Result<void> check_watchable(const Flavour& flavour, const Kernel& kernel);

/// Replaces the reservation's intent by the record of the guest, with which the guest goes unless it is kept.
Result<void> record(Reservation& reservation, StartedGuest& guest, const GuestConfig& config,
                    const Uuid& uuid, std::span<const devices::OpenImage> images);

} // namespace chaos
