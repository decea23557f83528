// SPDX-License-Identifier: BSD-3-Clause
// What chaosd can do, said without HTTP: the API asks this, the engine does it, and tests put something else in its place.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chaos/daemon/event.hpp"
#include "libchaos/config/guest_config.hpp"
#include "libchaos/devices/protocol.hpp"
#include "libchaos/domain/create.hpp"
#include "libchaos/domain/query.hpp"
#include "libchaos/result.hpp"

namespace chaos::daemon {

/// Called once, on the thread of the loop, perhaps before the call that was given it returns.
template<typename Value>
using Done = std::function<void(Result<Value>)>;

/// A guest to be made, as `chaos create` would.
struct CreateRequest {
    GuestConfig config;
    /// The flavour whose pool it is to come from; empty: that of any pool that suits `config`.
    std::string flavour;
    bool paused = false;
    /// Answer only when the guest has said "ready", at most after this long.
    std::optional<std::chrono::milliseconds> wait_ready;
};

/// Where a guest came from and how long it took, µs of the monotonic clock.
struct MadeGuest {
    CreatedGuest guest;          ///< its times.prepare_us is 0 if it was a hit
    bool hit = false;            ///< it was made in a shell of a pool
    std::string pool;            ///< the flavour of that pool; empty if none suits
    std::uint64_t queued_us = 0; ///< from the request's arrival until its making began
    std::uint64_t total_us = 0;  ///< from the request's arrival until its answer
};

enum class Action : std::uint8_t { pause, unpause, shutdown, reboot, destroy };

/// What guests of one kind have in common, and a pool may prepare.
struct FlavourSpec {
    std::string name; ///< as a guest's name (check_guest_name)
    /// Memory, vCPUs, affinity, limits, vifs without addresses, store; kernel and ramdisk if shells are to be hot. What
    /// only one guest can have (name, UUID, command line, disks) is empty.
    GuestConfig shape;
    std::uint32_t disks = 0; ///< places for disks that each guest names
    friend bool operator==(const FlavourSpec&, const FlavourSpec&) = default;
};

/// How many shells of a flavour are kept.
struct PoolSpec {
    std::uint32_t min = 0; ///< kept when the host's memory is short, unless a create needs it
    std::uint32_t max = 0; ///< kept otherwise
    double per_second = 0; ///< shells prepared at most; 0: as fast as spare CPU time allows
    friend bool operator==(const PoolSpec&, const PoolSpec&) = default;
};

struct PoolStatus {
    std::string flavour;
    PoolSpec spec;
    std::uint32_t depth = 0;     ///< shells ready to be handed out
    std::uint32_t preparing = 0; ///< being prepared just now
    bool draining = false;       ///< drained: it hands nothing out and prepares nothing until it is resized
    std::uint64_t hits = 0, misses = 0, prepared = 0, failed = 0, dropped = 0;
    std::uint64_t memory_kib = 0; ///< of the host, held by its shells
    std::string trouble;          ///< why it is not full, or empty: "kernel ... is missing"
};

struct HostStatus {
    std::string version;     ///< of chaosd
    std::string xen_version; ///< "4.17.7"
    std::uint64_t total_memory_kib = 0, free_memory_kib = 0, shells_memory_kib = 0;
    std::uint32_t cpus = 0, domains = 0, shells = 0;
    bool xendevd = false;
    std::uint64_t uptime_ms = 0;
};

/// All members are called on the thread of the loop and return at once; what takes time goes on elsewhere.
class Service {
  public:
    virtual ~Service() = default;

    virtual void create(CreateRequest request, Done<MadeGuest> done) = 0;
    virtual void list(Done<std::vector<GuestInfo>> done) = 0;
    /// By name, domain id or UUID (libchaos/domain/query.hpp).
    virtual void find(std::string guest, Done<GuestInfo> done) = 0;
    /// `force` as the options -F of `chaos shutdown` and `chaos reboot`; `timeout` for the guest to answer and to stop.
    virtual void act(std::string guest, Action action, bool force, std::chrono::milliseconds timeout,
                     Done<void> done) = 0;

    virtual void attach_vif(std::string guest, VifConfig vif, Done<std::uint32_t> done) = 0;
    virtual void attach_disk(std::string guest, DiskConfig disk, Done<std::uint32_t> done) = 0;
    virtual void detach(std::string guest, devices::DeviceType type, std::string device, bool force,
                        Done<void> done) = 0;
    /// With counters, as xendevd has them; all guests if `guest` is empty.
    virtual void devices(std::string guest, Done<std::vector<devices::GuestStatus>> done) = 0;

    [[nodiscard]] virtual std::vector<FlavourSpec> flavours() const = 0;
    /// Makes or replaces a flavour; shells of the former one are dropped.
    virtual Result<void> put_flavour(FlavourSpec flavour) = 0;
    /// Fails with invalid_argument while a pool uses it.
    virtual Result<void> delete_flavour(const std::string& name) = 0;

    [[nodiscard]] virtual std::vector<PoolStatus> pools() const = 0;
    /// Makes or resizes the pool of a flavour; fails with not_found if there is no such flavour.
    virtual Result<void> put_pool(const std::string& flavour, PoolSpec spec) = 0;
    /// Destroys its shells, and prepares no others until it is resized.
    virtual Result<void> drain_pool(const std::string& flavour) = 0;
    virtual Result<void> delete_pool(const std::string& flavour) = 0;

    virtual Result<HostStatus> host() = 0;
    virtual Events& events() = 0;
};

} // namespace chaos::daemon
