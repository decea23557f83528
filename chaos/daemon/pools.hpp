// SPDX-License-Identifier: BSD-3-Clause
// All pools of a host: what is taken out of them, what is put in, and how much memory they may hold together.
//
// Everything here happens on the thread of the loop. One shell at a time is prepared on the refilling thread; it is put
// into its pool when the loop comes to it, so a loop that is busy with creates does not refill.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "chaos/daemon/pool.hpp"
#include "chaos/daemon/ready_watch.hpp"
#include "chaos/daemon/work_threads.hpp"

namespace chaos::daemon {

struct MemoryLimits {
    std::uint64_t shells_kib = 0;  ///< all shells together hold at most this
    std::uint64_t reserve_kib = 0; ///< refilling leaves so much of the host's memory free
};

class Pools {
  public:
    /// What it works with; all of it must outlive the Pools.
    struct Parts {
        boost::asio::io_context& loop;
        Host& host; ///< of the loop
        WorkThreads& refiller;
        WorkThreads& workers; ///< that destroy shells
        Kernels& kernels;
        Events& events;
        ReadyWatch& ready_watch;
    };

    Pools(Parts parts, MemoryLimits limits);
    Pools(const Pools&) = delete;
    Pools& operator=(const Pools&) = delete;

    void set_limits(MemoryLimits limits);
    [[nodiscard]] const std::map<std::string, Pool, std::less<>>& all() const { return pools_; }
    [[nodiscard]] Pool* find(std::string_view flavour);

    void put_flavour(FlavourSpec flavour);
    Result<void> delete_flavour(const std::string& name);
    Result<void> put_pool(const std::string& flavour, PoolSpec spec);
    Result<void> drain_pool(const std::string& flavour);
    Result<void> delete_pool(const std::string& flavour);
    // Whether the above would succeed.
    Result<void> check_deletable(const std::string& flavour);
    Result<void> check_pool(const std::string& flavour, const PoolSpec& spec);
    Result<void> check_has_pool(const std::string& flavour);

    /// The pool that a guest of `config` on `kernel` can come from: that of `flavour` if one is named. Null if none suits.
    Pool* suiting(const GuestConfig& config, const Kernel& kernel, const std::string& flavour,
                  bool device_server);
    /// `kernel` was opened just now: shells of another state of its file are dropped.
    void notice(const Kernel& kernel);
    /// A shell that was looked at just now; nothing if the pool has none. It is counted neither as hit nor as miss.
    std::optional<ReadyShell> take(Pool& pool);

    /// Makes room for a guest that needs `kib`: destroys shells, the least needed first, also below the minimum of their
    /// pools. `done` tells whether there is more memory now than there was, when they are gone. Until release() nothing is
    /// refilled.
    void give_back(std::uint64_t kib, std::function<void(bool)> done);
    /// Ends what one give_back() has begun.
    void release();

    [[nodiscard]] std::uint64_t held_kib() const;
    [[nodiscard]] std::uint32_t shells() const;
    /// Looks whether there is something to prepare, and has it prepared; call it after anything has changed.
    void refill();

  private:
    using Clock = SteadyClock;
    struct Order; // what the refilling thread is asked for, and what came of it

    Result<Pool*> existing(const std::string& flavour);
    /// Puts the next refill off: a guest was made `now`.
    void rest(Clock::time_point now);
    Pool* neediest(Clock::time_point now, std::optional<Clock::time_point>& earliest);
    [[nodiscard]] Result<void> check_memory(const Pool& pool) const;
    void prepare_for(Pool& pool);
    void take_in(const std::string& flavour, std::uint64_t generation, Order order);
    void put_in(Pool& pool, Order order, std::vector<ReadyShell> shells);
    void drop_shells(Pool& pool, std::size_t keep);
    void drop_stale(Pool& pool);
    void destroy(std::vector<ReadyShell> shells, std::function<void()> done);
    void wake_the_starving();
    Pool* least_needed(bool below_minimum);
    void look_around();
    void relieve();
    void look_at_files();
    void tell(EventKind kind, const Pool& pool, std::string detail) const;
    void wake_at(Clock::time_point when);

    Parts parts_;
    MemoryLimits limits_;
    std::map<std::string, Pool, std::less<>> pools_; // flavours, with their pools if they have one
    std::uint64_t last_generation_ = 0;
    Clock::time_point last_taken_{};    // a shell, from any pool
    Clock::time_point resting_since_{}; // the first of those takes that follow each other closely
    bool ordered_ = false;              // a shell is being prepared
    unsigned destroying_ = 0;           // batches of shells under way to their end
    unsigned starving_ = 0;             // creates that wait for the memory of shells
    std::vector<std::function<void()>> when_changed_; // to be done when a shell was prepared or some are gone
    boost::asio::steady_timer refill_timer_;
    boost::asio::steady_timer look_timer_;
};

} // namespace chaos::daemon
