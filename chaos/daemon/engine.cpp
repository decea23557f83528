// SPDX-License-Identifier: BSD-3-Clause
// The engine put together; flavours, pools and the host.
#include "chaos/daemon/engine.hpp"

#include <algorithm>

#include "chaos/daemon/flavour_table.hpp"

#include "libchaos/config/guest_config.hpp"
#include "libchaos/domain/reconcile.hpp"

namespace chaos::daemon {

namespace {

constexpr std::chrono::minutes tidy_every{5};

MemoryLimits limits_of(const EngineOptions& options, std::uint64_t total_kib) {
    constexpr std::uint64_t least_reserve_kib = 32 * 1024;
    MemoryLimits limits{options.shells_kib, options.reserve_kib};
    if (limits.shells_kib == 0)
        limits.shells_kib = total_kib / 4;
    if (limits.reserve_kib == 0)
        limits.reserve_kib = std::max(total_kib / 32, least_reserve_kib);
    return limits;
}

} // namespace

Engine::Engine(boost::asio::io_context& loop, EngineOptions options, Host host)
    : loop_(loop), options_(std::move(options)), host_(std::move(host)),
      refiller_(loop, options_.host, {std::min(options_.workers, 1u), 16, true}),
      workers_(loop, options_.host, {options_.workers, options_.most_queued, false}),
      waiters_(loop, options_.host,
               {options_.workers == 0 ? 0 : options_.waiters, options_.most_queued, false}),
      counter_(loop, options_.host, {std::min(options_.workers, 1u), 16, false}), ready_watch_(loop, host_),
      pools_({loop, host_, refiller_, workers_, kernels_, events_, ready_watch_}, {}),
      life_cycle_({loop, counter_, workers_, waiters_, events_, options_.dump_directory,
                   [this](CreateRequest request, Done<MadeGuest> done) {
                       create(std::move(request), std::move(done));
                   }}),
      tidy_timer_(loop) {}

Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(boost::asio::io_context& loop, EngineOptions options) {
    Host host = TRY(Host::open(options.host));
    std::unique_ptr<Engine> engine(new Engine(loop, std::move(options), std::move(host)));
    TRY(engine->learn_host());
    if (!engine->options_.saved_pools.empty())
        engine->saved_ = TRY(load_saved(engine->options_.saved_pools));
    engine->tidy();
    return engine;
}

/// At the start, and now and then: whatever makers that were killed have left, shells of a former chaosd among it. Guests
/// are not touched.
void Engine::tidy() {
    counter_.ask<bool>(
        [](Host& host) -> Result<bool> {
            for (const DomainId id : TRY(host.registry().ids()))
                (void)forget_if_gone(host, id); // a record that is damaged is its guest's misfortune
            return true;
        },
        [this](const Result<bool>&) {
            pools_.refill(); // there may be memory for it now
            tidy_timer_.expires_after(tidy_every);
            tidy_timer_.async_wait([this](const boost::system::error_code& error) {
                if (!error)
                    tidy();
            });
        });
}

Result<void> Engine::learn_host() {
    const xen::HostInfo info = TRY(host_.control().host_info());
    facts_.version = CHAOS_VERSION;
    facts_.xen_version = info.xen_version;
    facts_.total_memory_kib = info.total_memory_kib;
    facts_.cpus = info.cpus;
    pools_.set_limits(limits_of(options_, info.total_memory_kib));
    return {};
}

std::vector<FlavourSpec> Engine::flavours() const {
    std::vector<FlavourSpec> all;
    for (const auto& [name, pool] : pools_.all())
        all.push_back(pool.flavour);
    return all;
}

/// What is kept changes first: what cannot be kept is not done.
Result<void> Engine::keep(const std::function<void(SavedPools&)>& change) {
    SavedPools changed = saved_;
    change(changed);
    if (!options_.saved_pools.empty())
        TRY(save(changed, options_.saved_pools));
    saved_ = std::move(changed);
    return {};
}

Result<void> Engine::put_flavour(FlavourSpec flavour) {
    TRY(check_flavour(flavour));
    flavour.shape.name.clear();
    TRY(keep([&](SavedPools& saved) { saved.flavours[flavour.name] = flavour; }));
    pools_.put_flavour(std::move(flavour));
    return {};
}

Result<void> Engine::delete_flavour(const std::string& name) {
    TRY(pools_.check_deletable(name));
    TRY(keep([&](SavedPools& saved) { saved.flavours[name].reset(); }));
    return pools_.delete_flavour(name);
}

std::vector<PoolStatus> Engine::pools() const {
    std::vector<PoolStatus> all;
    for (const auto& [name, pool] : pools_.all())
        if (pool.spec)
            all.push_back(pool.status());
    return all;
}

Result<void> Engine::put_pool(const std::string& flavour, PoolSpec spec) {
    TRY(pools_.check_pool(flavour, spec));
    TRY(keep([&](SavedPools& saved) { saved.pools[flavour] = spec; }));
    return pools_.put_pool(flavour, spec);
}

Result<void> Engine::drain_pool(const std::string& flavour) {
    return pools_.drain_pool(flavour);
}

Result<void> Engine::delete_pool(const std::string& flavour) {
    TRY(pools_.check_has_pool(flavour));
    TRY(keep([&](SavedPools& saved) { saved.pools[flavour].reset(); }));
    return pools_.delete_pool(flavour);
}

Result<void> Engine::configure(const Settings& settings) {
    std::map<std::string, FlavourSpec> flavours;
    std::map<std::string, PoolSpec> pools = settings.pools;
    for (const FlavourSpec& flavour : settings.flavours) {
        TRY(check_flavour(flavour));
        flavours[flavour.name] = flavour;
    }
    for (const auto& [name, flavour] : saved_.flavours) {
        flavours.erase(name);
        if (flavour)
            flavours[name] = *flavour;
    }
    for (const auto& [name, pool] : saved_.pools) {
        pools.erase(name);
        if (pool)
            pools[name] = *pool;
    }
    std::erase_if(pools, [&](const auto& pool) { return !flavours.contains(pool.first); });

    if (settings.shells_kib)
        options_.shells_kib = *settings.shells_kib;
    if (settings.reserve_kib)
        options_.reserve_kib = *settings.reserve_kib;
    pools_.set_limits(limits_of(options_, facts_.total_memory_kib));
    for (const FlavourSpec& known : this->flavours()) {
        const Pool* pool = pools_.find(known.name);
        if (pool->spec && !pools.contains(known.name))
            TRY(pools_.delete_pool(known.name));
        if (!flavours.contains(known.name))
            TRY(pools_.delete_flavour(known.name));
    }
    for (auto& [name, flavour] : flavours)
        pools_.put_flavour(std::move(flavour));
    for (const auto& [name, spec] : pools)
        if (pools_.find(name)->spec != spec) // so that one that was drained stays so
            TRY(pools_.put_pool(name, spec));
    return {};
}

Result<HostStatus> Engine::host() {
    HostStatus status = facts_;
    status.free_memory_kib = TRY(host_.control().free_memory_kib());
    status.shells_memory_kib = pools_.held_kib();
    status.shells = pools_.shells();
    status.domains = static_cast<std::uint32_t>(life_cycle_.domains()) + 1; // dom0
    auto server = host_.devices();
    status.xendevd = server && *server;
    status.uptime_ms = microseconds_since(started_) / 1000;
    return status;
}

} // namespace chaos::daemon
