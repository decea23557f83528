// SPDX-License-Identifier: BSD-3-Clause
// One flavour's pool: the shells that wait, and what is known of how it fares.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "chaos/daemon/clock.hpp"
#include "chaos/daemon/kernels.hpp"
#include "chaos/daemon/service.hpp"
#include "libchaos/domain/ahead.hpp"

namespace chaos::daemon {

/// A flavour together with the files that its shells are made from. Shells of one plan are alike.
struct Plan {
    ShellPlan shells;
    SharedKernel kernel; ///< shells.kernel points to it
    std::optional<FileIdentity> ramdisk;
    std::uint64_t shell_kib = 0; ///< of the host's memory that one takes, about
};

/// Opens the kernel of `flavour`, unless `before` is a plan for it and its files are still the same: then that is
/// returned. Fails with invalid_image if a file is missing.
Result<std::shared_ptr<const Plan>> make_plan(const FlavourSpec& flavour,
                                              const std::shared_ptr<const Plan>& before,
                                              const std::string& cache_directory);
/// Whether the files of the plan are what they were. One system call for each.
bool is_current(const Plan& plan);

struct Pool {
    FlavourSpec flavour;
    std::optional<PoolSpec> spec;     ///< none: there is a flavour, but no pool of it
    std::shared_ptr<const Plan> plan; ///< what its shells were prepared for; null until the first was
    std::deque<ReadyShell> shells;    ///< bound to the Host of the loop
    std::uint64_t generation = 0;     ///< counts the changes of its flavour

    bool draining = false;
    std::uint32_t preparing = 0;
    std::uint64_t hits = 0, misses = 0, prepared = 0, failed = 0, dropped = 0;
    std::string trouble;
    unsigned failures_in_a_row = 0;
    SteadyClock::time_point not_before{}; ///< the next shell is not prepared earlier
    SteadyClock::time_point last_taken{};

    [[nodiscard]] std::uint64_t shell_kib() const;
    [[nodiscard]] std::uint64_t held_kib() const { return shells.size() * shell_kib(); }
    /// How many shells it is to be given now, memory permitting.
    [[nodiscard]] std::uint32_t wanted() const;
    [[nodiscard]] PoolStatus status() const;
    /// A shell could not be prepared: the next attempt waits, longer each time.
    void note_failure(const Error& error, SteadyClock::time_point now);
};

} // namespace chaos::daemon
