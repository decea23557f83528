// SPDX-License-Identifier: BSD-3-Clause
// The engine of chaosd: guests made out of pools, or without one where none suits; and everything else that a Service does.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

#include "chaos/daemon/clock.hpp"
#include "chaos/daemon/kernels.hpp"
#include "chaos/daemon/life_cycle.hpp"
#include "chaos/daemon/pools.hpp"
#include "chaos/daemon/ready_watch.hpp"
#include "chaos/daemon/saved.hpp"
#include "chaos/daemon/service.hpp"
#include "chaos/daemon/settings.hpp"
#include "chaos/daemon/work_threads.hpp"

namespace chaos::daemon {

struct EngineOptions {
    HostOptions host;
    unsigned workers = 3;          ///< threads for what takes time; 0 (in tests): done on the loop
    unsigned waiters = 8;          ///< threads for what waits for guests
    std::size_t most_queued = 256; ///< jobs that wait for each kind of thread
    /// Of all shells together; 0: a quarter of the host's memory.
    std::uint64_t shells_kib = 0;
    /// Of free memory that refilling leaves; 0: a thirty-second of the host's memory, at least 32 MiB.
    std::uint64_t reserve_kib = 0;
    std::string dump_directory = "/var/lib/chaos/dump"; ///< memory of guests that crashed, if they want that
    /// What was changed over the API is kept here; empty: nowhere.
    std::string saved_pools;
};

/// All members are used on the thread that runs the loop.
class Engine final : public Service {
  public:
    /// Opens the host. Fails if this is no control domain. The loop must outlive the engine.
    static Result<std::unique_ptr<Engine>> open(boost::asio::io_context& loop, EngineOptions options);
    ~Engine() override;

    /// Takes flavours, pools and limits of memory as the file has them, except where the API was told otherwise. May be called
    /// again: what the file does not have any more goes.
    Result<void> configure(const Settings& settings);

    /// "the interrupt", "xenstored" or "looking": for the log.
    [[nodiscard]] const char* word_of_ends() const { return life_cycle_.source(); }

    void create(CreateRequest request, Done<MadeGuest> done) override;
    void list(Done<std::vector<GuestInfo>> done) override;
    void find(std::string guest, Done<GuestInfo> done) override;
    void act(std::string guest, Action action, bool force, std::chrono::milliseconds timeout,
             Done<void> done) override;

    void attach_vif(std::string guest, VifConfig vif, Done<std::uint32_t> done) override;
    void attach_disk(std::string guest, DiskConfig disk, Done<std::uint32_t> done) override;
    void detach(std::string guest, devices::DeviceType type, std::string device, bool force,
                Done<void> done) override;
    void devices(std::string guest, Done<std::vector<devices::GuestStatus>> done) override;

    [[nodiscard]] std::vector<FlavourSpec> flavours() const override;
    Result<void> put_flavour(FlavourSpec flavour) override;
    Result<void> delete_flavour(const std::string& name) override;

    [[nodiscard]] std::vector<PoolStatus> pools() const override;
    Result<void> put_pool(const std::string& flavour, PoolSpec spec) override;
    Result<void> drain_pool(const std::string& flavour) override;
    Result<void> delete_pool(const std::string& flavour) override;

    Result<HostStatus> host() override;
    Events& events() override { return events_; }

  private:
    struct Making; // a create under way

    Engine(boost::asio::io_context& loop, EngineOptions options, Host host);
    Result<void> learn_host();
    void tidy();
    /// Keeps what `change` makes of what is kept.
    Result<void> keep(const std::function<void(SavedPools&)>& change);

    // Creates: engine_create.cpp.
    void make(std::shared_ptr<Making> making);
    bool make_hot(const std::shared_ptr<Making>& making);
    bool make_in(ReadyShell shell, const std::shared_ptr<Making>& making, const Kernel& kernel);
    void make_cold(const std::shared_ptr<Making>& making);
    void make_cold_later(const std::shared_ptr<Making>& making);
    void find_memory(const std::shared_ptr<Making>& making, Error failure);
    void conclude(const std::shared_ptr<Making>& making, Result<CreatedGuest> result);

    /// Finds the guest and does `deed` to it on one of `threads`.
    template<typename T>
    void with_guest(WorkThreads& threads, std::string guest,
                    std::function<Result<T>(Host&, const GuestInfo&)> deed, Done<T> done);
    void tell(EventKind kind, const CreatedGuest& guest, const std::string& flavour);

    boost::asio::io_context& loop_;
    EngineOptions options_;
    SteadyClock::time_point started_ = SteadyClock::now();
    HostStatus facts_; // what does not change
    SavedPools saved_;
    Events events_;
    Host host_; // of the loop; outlives all that may hold a shell
    Kernels kernels_;
    WorkThreads refiller_;
    WorkThreads workers_;
    WorkThreads waiters_;
    WorkThreads counter_;
    ReadyWatch ready_watch_;
    Pools pools_;
    LifeCycle life_cycle_;
    boost::asio::steady_timer tidy_timer_;
};

} // namespace chaos::daemon
