// SPDX-License-Identifier: BSD-3-Clause
// Flavours and pools as they are asked for, and shells taken out of them.
#include "chaos/daemon/pools.hpp"

#include <algorithm>

#include "chaos/daemon/clock.hpp"

namespace chaos::daemon {

namespace {

/// Whether the file was changed between the two.
bool is_other_state(const Kernel& before, const Kernel& now) {
    return before.path() == now.path() && before.identity() != now.identity();
}

} // namespace

Pools::Pools(Parts parts, MemoryLimits limits)
    : parts_(parts), limits_(limits), refill_timer_(parts.loop), look_timer_(parts.loop) {
    look_around();
}

void Pools::set_limits(MemoryLimits limits) {
    limits_ = limits;
    refill();
}

Pool* Pools::find(std::string_view flavour) {
    const auto found = pools_.find(flavour);
    return found == pools_.end() ? nullptr : &found->second;
}

Result<Pool*> Pools::existing(const std::string& flavour) {
    if (Pool* pool = find(flavour))
        return pool;
    return Error(ErrorKind::not_found, "there is no flavour " + flavour)
        .advise("`chaos flavour list` shows the flavours there are.");
}

void Pools::put_flavour(FlavourSpec flavour) {
    Pool& pool = pools_[flavour.name];
    if (pool.generation != 0 && pool.flavour == flavour)
        return;
    drop_shells(pool, 0); // while its plan still says what they are
    pool.plan.reset();
    pool.flavour = std::move(flavour);
    pool.generation = ++last_generation_;
    pool.trouble.clear();
    pool.failures_in_a_row = 0;
    pool.not_before = {};
    tell(EventKind::pool_changed, pool, "its flavour was changed");
    refill();
}

Result<void> Pools::check_deletable(const std::string& flavour) {
    if (TRY(existing(flavour))->spec)
        return Error(ErrorKind::invalid_argument, "flavour " + flavour + " has a pool")
            .advise("Delete the pool first.");
    return {};
}

Result<void> Pools::check_pool(const std::string& flavour, const PoolSpec& spec) {
    if (TRY(existing(flavour))->flavour.shape.kernel.empty())
        return Error(ErrorKind::invalid_argument, "flavour " + flavour +
                                                      " names no kernel, and without one "
                                                      "its shells cannot be prepared")
            .advise("Give the flavour a kernel.");
    if (spec.min > spec.max)
        return Error(ErrorKind::invalid_argument, "a pool cannot keep at least " + std::to_string(spec.min) +
                                                      " and at most " + std::to_string(spec.max) + " shells");
    if (!(spec.per_second >= 0)) // nor is it no number
        return Error(ErrorKind::invalid_argument, "a rate cannot be negative");
    return {};
}

Result<void> Pools::check_has_pool(const std::string& flavour) {
    if (!TRY(existing(flavour))->spec)
        return Error(ErrorKind::not_found, "flavour " + flavour + " has no pool");
    return {};
}

Result<void> Pools::delete_flavour(const std::string& name) {
    TRY(check_deletable(name));
    pools_.erase(name);
    return {};
}

Result<void> Pools::put_pool(const std::string& flavour, PoolSpec spec) {
    TRY(check_pool(flavour, spec));
    Pool& pool = *find(flavour);
    if (pool.spec == spec && !pool.draining)
        return {};
    pool.spec = spec;
    pool.draining = false;
    pool.not_before = {};
    drop_shells(pool, spec.max);
    tell(EventKind::pool_changed, pool,
         "it keeps " + std::to_string(spec.min) + " to " + std::to_string(spec.max));
    refill();
    return {};
}

Result<void> Pools::drain_pool(const std::string& flavour) {
    TRY(check_has_pool(flavour));
    Pool& pool = *find(flavour);
    pool.draining = true;
    pool.trouble.clear();
    drop_shells(pool, 0);
    tell(EventKind::pool_changed, pool, "it was drained");
    return {};
}

Result<void> Pools::delete_pool(const std::string& flavour) {
    TRY(check_has_pool(flavour));
    Pool& pool = *find(flavour);
    pool.spec.reset();
    pool.draining = false;
    pool.trouble.clear();
    drop_shells(pool, 0);
    tell(EventKind::pool_changed, pool, "it was deleted");
    return {};
}

void Pools::notice(const Kernel& kernel) {
    for (auto& [name, pool] : pools_)
        if (pool.plan && is_other_state(*pool.plan->kernel, kernel))
            drop_stale(pool);
    refill();
}

Pool* Pools::suiting(const GuestConfig& config, const Kernel& kernel, const std::string& flavour,
                     bool device_server) {
    const auto fits = [&](Pool& pool) {
        if (!pool.spec || pool.draining || !pool.plan)
            return false;
        // That `kernel` is what its path leads to was seen just now.
        const bool is_stale = is_other_state(*pool.plan->kernel, kernel);
        if (!is_stale && !suits(pool.plan->shells, config, kernel, device_server))
            return false;
        if (!is_stale && (!pool.plan->ramdisk || is_current(*pool.plan)))
            return true;
        drop_stale(pool);
        refill();
        return false;
    };
    if (!flavour.empty()) {
        Pool* pool = find(flavour);
        return pool && fits(*pool) ? pool : nullptr;
    }
    Pool* empty = nullptr;
    for (auto& [name, pool] : pools_) {
        if (!fits(pool))
            continue;
        if (!pool.shells.empty())
            return &pool;
        empty = &pool;
    }
    return empty;
}

std::optional<ReadyShell> Pools::take(Pool& pool) {
    pool.last_taken = Clock::now();
    rest(pool.last_taken);
    while (!pool.shells.empty()) {
        ReadyShell shell = std::move(pool.shells.front());
        pool.shells.pop_front();
        auto sound = verify(parts_.host, shell);
        if (sound)
            return shell;
        ++pool.dropped;
        tell(EventKind::shell_failed, pool, sound.error().story());
        std::vector<ReadyShell> broken;
        broken.push_back(std::move(shell));
        destroy(std::move(broken), [] {});
    }
    return std::nullopt;
}

std::uint64_t Pools::held_kib() const {
    std::uint64_t sum = 0;
    for (const auto& [name, pool] : pools_)
        sum += pool.held_kib();
    return sum;
}

std::uint32_t Pools::shells() const {
    std::size_t sum = 0;
    for (const auto& [name, pool] : pools_)
        sum += pool.shells.size();
    return static_cast<std::uint32_t>(sum);
}

void Pools::tell(EventKind kind, const Pool& pool, std::string detail) const {
    Event event;
    event.kind = kind;
    event.unix_ms = now_unix_ms();
    event.flavour = pool.flavour.name;
    event.detail = std::move(detail);
    parts_.events.tell(event);
}

} // namespace chaos::daemon
