// SPDX-License-Identifier: BSD-3-Clause
// Plans made and compared with their files; a pool's arithmetic.
#include "chaos/daemon/pool.hpp"

#include <algorithm>

namespace chaos::daemon {

namespace {

/// What a domain costs Xen besides its memory: structures, page tables, a trimmed paging pool; of each further vCPU, its
/// stack and state. Measured on Xen 4.17 with guests of 256 KiB (178 KiB), rounded up.
constexpr std::uint64_t overhead_kib = 192;
constexpr std::uint64_t vcpu_kib = 32;

std::uint64_t shell_kib_of(const GuestConfig& shape) {
    return shape.memory_kib + overhead_kib + vcpu_kib * (shape.vcpus - 1);
}

bool is_about_files(const Error& error) {
    return error.kind() == ErrorKind::invalid_image;
}

} // namespace

Result<std::shared_ptr<const Plan>> make_plan(const FlavourSpec& flavour,
                                              const std::shared_ptr<const Plan>& before,
                                              const std::string& cache_directory) {
    if (before && is_current(*before))
        return before;
    auto plan = std::make_shared<Plan>();
    plan->shells.shape = flavour.shape;
    plan->shells.disks = flavour.disks;
    plan->shell_kib = shell_kib_of(flavour.shape);
    if (!flavour.shape.ramdisk.empty())
        plan->ramdisk = TRY(FileIdentity::of(flavour.shape.ramdisk));
    plan->kernel = std::make_shared<const Kernel>(TRY(Kernel::open(flavour.shape.kernel, cache_directory)));
    plan->shells.kernel = plan->kernel.get();
    plan->shells.hot = true;
    return std::shared_ptr<const Plan>(std::move(plan));
}

bool is_current(const Plan& plan) {
    const auto same = [](const std::string& path, const FileIdentity& before) {
        const auto now = FileIdentity::of(path);
        return now && *now == before;
    };
    return same(plan.kernel->path(), plan.kernel->identity()) &&
           (!plan.ramdisk || same(plan.shells.shape.ramdisk, *plan.ramdisk));
}

std::uint64_t Pool::shell_kib() const {
    return shell_kib_of(flavour.shape);
}

std::uint32_t Pool::wanted() const {
    if (!spec || draining)
        return 0;
    const auto there = static_cast<std::uint32_t>(shells.size()) + preparing;
    return there < spec->max ? spec->max - there : 0;
}

PoolStatus Pool::status() const {
    PoolStatus status;
    status.flavour = flavour.name;
    status.spec = spec.value_or(PoolSpec{});
    status.depth = static_cast<std::uint32_t>(shells.size());
    status.preparing = preparing;
    status.draining = draining;
    status.hits = hits;
    status.misses = misses;
    status.prepared = prepared;
    status.failed = failed;
    status.dropped = dropped;
    status.memory_kib = held_kib();
    status.trouble = trouble;
    return status;
}

void Pool::note_failure(const Error& error, SteadyClock::time_point now) {
    using std::chrono::milliseconds;
    constexpr milliseconds first{250};
    // A file that is missing costs next to nothing to look for, and people wait for it to be seen.
    const milliseconds longest = is_about_files(error) ? milliseconds{2'000} : milliseconds{30'000};
    ++failed;
    trouble = error.story();
    const auto wait = first * (1u << std::min(failures_in_a_row, 10u));
    not_before = std::max(not_before, now + std::min(wait, longest)); // nor before its rate allows it
    ++failures_in_a_row;
}

} // namespace chaos::daemon
