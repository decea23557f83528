// SPDX-License-Identifier: BSD-3-Clause
// Shells put into pools, and taken away from them when somebody needs their memory more.
#include <algorithm>

#include "chaos/daemon/pools.hpp"

namespace chaos::daemon {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How often the host's memory and the files of the flavours are looked at.
constexpr seconds look_every{1};
/// A guest that was just made has the processors to itself for so long: a shell takes as long to prepare as a small guest
/// to boot, on a host with one processor its guests would wait.
constexpr milliseconds rest_after_take{4};
/// But pools from which guests are taken all the time are refilled, too.
constexpr milliseconds longest_rest{40};
/// So many of a pool's shells, those that are taken next, are watched: an event channel for each shell of a large pool would
/// be the host's for no use, and Xen never gives back what it needs to have that many.
constexpr std::size_t watched_shells = 16;
/// Until a pool that found no memory looks again.
constexpr milliseconds look_for_memory_every{1'000};

} // namespace

struct Pools::Order {
    std::shared_ptr<const Plan> plan;
    std::shared_ptr<ReadyShell> shell; // none if that failed
    std::optional<Error> failure;
};

void Pools::wake_at(Clock::time_point when) {
    refill_timer_.expires_at(when);
    refill_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error)
            refill();
    });
}

/// The pool with the smallest part of what it is to have, among those that may be given something now.
Pool* Pools::neediest(Clock::time_point now, std::optional<Clock::time_point>& earliest) {
    Pool* best = nullptr;
    const auto there = [](const Pool& pool) {
        // Below the minimum comes before everything else.
        const auto depth = static_cast<double>(pool.shells.size());
        return depth < pool.spec->min ? depth / pool.spec->min - 1 : depth / pool.spec->max;
    };
    for (auto& [name, pool] : pools_) {
        if (pool.wanted() == 0)
            continue;
        if (pool.not_before > now) {
            earliest = std::min(earliest.value_or(pool.not_before), pool.not_before);
            continue;
        }
        if (!best || there(pool) < there(*best))
            best = &pool;
    }
    return best;
}

Result<void> Pools::check_memory(const Pool& pool) const {
    const auto mib = [](std::uint64_t kib) { return std::to_string(kib / 1024) + " MiB"; };
    if (held_kib() + pool.shell_kib() > limits_.shells_kib)
        return Error(ErrorKind::out_of_memory,
                     "shells may hold " + mib(limits_.shells_kib) + " of memory together");
    const std::uint64_t free_kib = TRY(parts_.host.control().free_memory_kib());
    // A little more than the reserve, so that shells are not made and given back by turns.
    if (free_kib < limits_.reserve_kib + limits_.reserve_kib / 8 + pool.shell_kib())
        return Error(ErrorKind::out_of_memory, "the host has " + mib(free_kib) + " of memory free, and " +
                                                   mib(limits_.reserve_kib) + " are to stay free");
    return {};
}

void Pools::rest(Clock::time_point now) {
    if (now > last_taken_ + rest_after_take)
        resting_since_ = now;
    last_taken_ = now;
}

void Pools::refill() {
    if (ordered_ || starving_ > 0)
        return;
    const auto now = Clock::now();
    if (const auto due = std::min(last_taken_ + rest_after_take, resting_since_ + longest_rest); now < due) {
        wake_at(due);
        return;
    }
    std::optional<Clock::time_point> earliest;
    while (Pool* pool = neediest(now, earliest)) {
        auto memory = check_memory(*pool);
        if (memory) {
            prepare_for(*pool);
            return;
        }
        pool->trouble = memory.error().story();
        pool->not_before = now + look_for_memory_every;
    }
    if (earliest)
        wake_at(*earliest);
}

void Pools::prepare_for(Pool& pool) {
    ordered_ = true;
    ++pool.preparing;
    if (pool.spec->per_second > 0) {
        const std::chrono::duration<double> gap(std::min(1 / pool.spec->per_second, 86'400.0));
        pool.not_before = Clock::now() + std::chrono::duration_cast<Clock::duration>(gap);
    }
    const int stop_fd = parts_.refiller.stop_fd();
    parts_.refiller.ask<Order>(
        [flavour = pool.flavour, before = pool.plan, stop_fd](Host& host) -> Result<Order> {
            auto plan = make_plan(flavour, before, host.options().cache_directory + "/kernels");
            if (!plan)
                return Order{nullptr, nullptr, std::move(plan).error()};
            auto shell = prepare_ahead(host, (*plan)->shells, stop_fd);
            if (!shell)
                return Order{std::move(*plan), nullptr, std::move(shell).error()};
            return Order{std::move(*plan), std::make_shared<ReadyShell>(std::move(*shell)), std::nullopt};
        },
        [this, name = pool.flavour.name, generation = pool.generation](Result<Order> order) {
            if (!order)
                order = Order{nullptr, nullptr, std::move(order).error()};
            take_in(name, generation, std::move(*order));
        });
}

void Pools::take_in(const std::string& flavour, std::uint64_t generation, Order order) {
    ordered_ = false;
    std::vector<ReadyShell> shells;
    if (order.shell) {
        order.shell->move_to(parts_.host);
        shells.push_back(std::move(*order.shell));
    }
    Pool* pool = find(flavour);
    if (pool && pool->preparing > 0)
        --pool->preparing;
    const bool unwanted = !pool || pool->generation != generation || !pool->spec || pool->draining ||
                          pool->shells.size() >= pool->spec->max;
    if (unwanted)
        destroy(std::move(shells), [] {});
    else
        put_in(*pool, std::move(order), std::move(shells));
    wake_the_starving();
    refill();
}

void Pools::put_in(Pool& pool, Order order, std::vector<ReadyShell> shells) {
    if (order.plan && order.plan != pool.plan) {
        drop_shells(pool, 0);
        pool.plan = order.plan;
        parts_.kernels.put(pool.plan->kernel);
    }
    if (order.failure) {
        const bool told = pool.trouble == order.failure->story();
        pool.note_failure(*order.failure, Clock::now());
        if (!order.plan) { // its files are gone or broken, and with them what was made from them
            drop_stale(pool);
        }
        if (!told)
            tell(EventKind::shell_failed, pool, pool.trouble);
    } else {
        pool.shells.push_back(std::move(shells.front()));
        for (std::size_t index = 0; index < std::min(pool.shells.size(), watched_shells); ++index)
            if (!pool.shells[index].watch)
                parts_.ready_watch.expect(pool.shells[index]);
        ++pool.prepared;
        pool.failures_in_a_row = 0;
        pool.trouble.clear();
        tell(EventKind::shell_ready, pool, "");
    }
}

void Pools::drop_shells(Pool& pool, std::size_t keep) {
    std::vector<ReadyShell> dropped;
    while (pool.shells.size() > keep) {
        dropped.push_back(std::move(pool.shells.back()));
        pool.shells.pop_back();
        ++pool.dropped;
    }
    destroy(std::move(dropped), [] {});
}

/// The next shell is made from the files as they are then.
void Pools::drop_stale(Pool& pool) {
    drop_shells(pool, 0);
    pool.plan.reset();
}

/// Elsewhere, because giving back a domain's memory takes time.
void Pools::destroy(std::vector<ReadyShell> shells, std::function<void()> done) {
    if (shells.empty()) {
        done();
        return;
    }
    for (ReadyShell& shell : shells)
        shell.watch.reset(); // bound on this thread
    ++destroying_;
    auto doomed = std::make_shared<std::vector<ReadyShell>>(std::move(shells));
    parts_.workers.ask<bool>(
        [doomed](Host& host) -> Result<bool> {
            for (ReadyShell& shell : *doomed)
                shell.move_to(host);
            doomed->clear();
            return true;
        },
        [this, doomed, done = std::move(done)](const Result<bool>& result) {
            if (!result)
                doomed->clear(); // then here, rather than not at all
            --destroying_;
            done();
            wake_the_starving();
        });
}

/// The one whose shells hold most, of those not asked for lately; below their minimum only if it must be.
Pool* Pools::least_needed(bool below_minimum) {
    Pool* best = nullptr;
    const auto idle = [](const Pool& pool) { return Clock::now() - pool.last_taken > seconds(60); };
    for (auto& [name, pool] : pools_) {
        const std::size_t kept = below_minimum || !pool.spec ? 0 : pool.spec->min;
        if (pool.shells.size() <= kept)
            continue;
        if (!best || std::pair(idle(pool), pool.held_kib()) > std::pair(idle(*best), best->held_kib()))
            best = &pool;
    }
    return best;
}

void Pools::give_back(std::uint64_t kib, std::function<void(bool)> done) {
    ++starving_;
    std::vector<ReadyShell> shells;
    std::uint64_t sum = 0;
    while (sum < kib) {
        Pool* pool = least_needed(false);
        if (!pool)
            pool = least_needed(true);
        if (!pool)
            break;
        sum += pool->shell_kib();
        shells.push_back(std::move(pool->shells.back()));
        pool->shells.pop_back();
        ++pool->dropped;
        pool->trouble = "its memory was needed for a guest";
    }
    if (!shells.empty()) {
        destroy(std::move(shells), [done = std::move(done)] { done(true); });
        return;
    }
    // What is being prepared will be one to give back; what is being destroyed for others leaves something, perhaps.
    if (ordered_)
        when_changed_.push_back([this, kib, done = std::move(done)]() mutable {
            --starving_;
            give_back(kib, std::move(done));
        });
    else if (destroying_ > 0)
        when_changed_.push_back([done = std::move(done)] { done(true); });
    else
        done(false);
}

void Pools::wake_the_starving() {
    for (auto& waiting : std::exchange(when_changed_, {}))
        waiting();
}

void Pools::release() {
    if (--starving_ == 0)
        refill();
}

/// Memory that others need now is given back, as long as the pools have more than their minimum.
void Pools::relieve() {
    if (shells() == 0 || destroying_ > 0)
        return; // what is under way comes first
    const auto free_kib = parts_.host.control().free_memory_kib();
    if (!free_kib || *free_kib >= limits_.reserve_kib)
        return; // a host that cannot be asked now is asked again
    std::uint64_t missing = limits_.reserve_kib - *free_kib;
    while (Pool* pool = least_needed(false)) {
        pool->trouble = "the host's memory is short";
        pool->not_before = Clock::now() + look_for_memory_every;
        const std::uint64_t freed = pool->shell_kib();
        drop_shells(*pool, pool->shells.size() - 1);
        if (freed >= missing)
            return;
        missing -= freed;
    }
}

/// Whether shells are still made of what their flavours name; a pool that is full would not notice.
void Pools::look_at_files() {
    if (ordered_)
        return; // it will, with the next shell
    std::vector<std::shared_ptr<const Plan>> plans;
    for (const auto& [name, pool] : pools_)
        if (pool.spec && pool.plan)
            plans.push_back(pool.plan);
    if (plans.empty())
        return;
    using Plans = std::vector<std::shared_ptr<const Plan>>;
    parts_.refiller.ask<Plans>(
        [plans](Host&) -> Result<Plans> {
            Plans stale;
            for (const auto& plan : plans)
                if (!is_current(*plan))
                    stale.push_back(plan);
            return stale;
        },
        [this](const Result<Plans>& stale) {
            if (!stale)
                return;
            for (auto& [name, pool] : pools_)
                if (pool.plan && std::find(stale->begin(), stale->end(), pool.plan) != stale->end()) {
                    drop_stale(pool);
                }
            refill();
        });
}

/// Once a second: memory that others need now is given back, and files that have changed are noticed.
void Pools::look_around() {
    look_timer_.expires_after(look_every);
    look_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error)
            return;
        relieve();
        look_at_files();
        look_around();
    });
}

} // namespace chaos::daemon
