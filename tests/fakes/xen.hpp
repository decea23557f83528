// SPDX-License-Identifier: BSD-3-Clause
// A hypervisor in memory, as the fakes of Xen's libraries see it and as tests look at it, disturb it and play
// its guests.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fakes/machine_memory.hpp"

namespace chaos::fakes {

/// A guest's end of an event channel.
struct Port {
    bool in_use = false;
    std::uint16_t remote_domain = 0;
    std::uint32_t bound_to = 0; ///< dom0's port, or 0
};

/// Which frame is behind each guest frame number. RAM starts at 0 and goes on at 4 GiB, so two arrays hold
/// it.
class GuestMemory {
  public:
    [[nodiscard]] std::optional<Frame> find(std::uint64_t gfn) const;
    [[nodiscard]] bool owns(Frame frame) const;
    void add(std::uint64_t gfn, Frame frame);
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Hands every frame back to `machine`.
    void release(MachineMemory& machine);

  private:
    std::array<std::vector<std::optional<Frame>>, 2> halves_;
    std::size_t size_ = 0;
};

/// What a domain is and has. Tests may change it as its guest, or a hypervisor with problems, would.
struct Domain {
    std::uint16_t id = 0;
    std::array<std::uint8_t, 16> handle{};
    bool hvm = false;
    std::uint32_t max_vcpus = 0;
    std::uint32_t max_event_channel = 0;
    std::int32_t max_grant_frames = 0;
    std::uint32_t cpu_pool = 0;

    std::uint32_t vcpus = 0;
    std::uint64_t maximum_pages = 0;
    std::uint64_t claimed_pages = 0; ///< still outstanding
    std::uint64_t paging_pool_bytes = 1 << 20;
    GuestMemory memory;
    std::map<unsigned, std::size_t> extents; ///< how many of which order it was given
    std::vector<Port> ports{1};              ///< by number; 0 is never used
    std::optional<Frame> grant_table;        ///< its first page
    std::map<std::uint32_t, std::uint64_t> hvm_parameters;
    std::map<std::uint32_t, std::bitset<256>> hard_affinity; ///< by vCPU
    std::map<std::uint32_t, std::bitset<256>> soft_affinity;
    std::string context; ///< the save records that set its vCPU
    bool has_cpuid_policy = false;
    std::uint64_t memory_map_kib = 0; ///< PV: what its memory map shows

    int pauses = 1; ///< by the toolstack: a new domain is paused
    bool shutdown = false;
    std::uint8_t shutdown_reason = 0;
    bool dying = false;     ///< destroyed, but somebody still maps its memory
    std::size_t mapped = 0; ///< pages mapped in dom0, grant table included
    /// How often each reference is in use by dom0; a guest that takes back one in use breaks its own device.
    std::map<std::uint32_t, std::size_t> grants_in_use;
    std::uint64_t cpu_time_ns = 0;
};

/// A port of dom0's, bound through libxenevtchn.
struct LocalPort {
    const void* handle = nullptr;
    std::uint16_t domain = 0;
    std::uint32_t remote = 0;
    bool masked = false;  ///< delivered and not unmasked since
    bool latched = false; ///< notified while masked
};

/// Everything that a deed could leave behind.
struct State {
    std::vector<std::string> domains;
    std::size_t free_frames = 0;
    std::uint64_t claimed_pages = 0;
    std::size_t mapped_pages = 0;
    std::size_t local_ports = 0;
    std::size_t handles = 0;
    std::size_t descriptors = 0; ///< file descriptors of this process

    friend bool operator==(const State&, const State&) = default;
};
std::ostream& operator<<(std::ostream& out, const State& state);

class Xen {
  public:
    explicit Xen(std::size_t frames);

    // ---- for tests: look
    [[nodiscard]] Domain* find(std::uint16_t id);
    /// `size` bytes of a domain's memory from a guest-physical address; the domain and its pages must be
    /// there.
    [[nodiscard]] std::string read(std::uint16_t id, std::uint64_t address, std::size_t size);
    [[nodiscard]] std::byte* page(std::uint16_t id, std::uint64_t gfn);
    [[nodiscard]] State state() const;
    /// Names of the calls made since the start or the last clear_calls(), in order.
    [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
    void clear_calls() { calls_.clear(); }
    /// What no toolstack should do, though Xen may let it pass.
    [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

    // ---- for tests: disturb
    /// Call number `number`, counted from 1 since clear_calls(), fails with `errno_value`; 0 lets all
    /// succeed.
    void fail_at(std::size_t number, int errno_value) {
        failing_call_ = number;
        failing_errno_ = errno_value;
    }
    /// Called before each call is carried out, with its name: what another process does just then.
    std::function<void(std::string_view call)> before_call;
    /// Called when a domain begins to run, and when dom0 notifies one of its ports: what the guest does then.
    std::function<void(Domain& domain)> on_start;
    std::function<void(Domain& domain, std::uint32_t port)> on_notify;
    /// The guest notifies its port.
    void notify_from(Domain& domain, std::uint32_t port);
    /// A domain that another toolstack made.
    Domain& add_domain(std::uint16_t id, const std::array<std::uint8_t, 16>& handle);
    void shut_down(Domain& domain, std::uint8_t reason) {
        domain.shutdown = true;
        domain.shutdown_reason = reason;
        if (domain_exception)
            raise(domain_exception);
    }
    /// Takes machine memory away until `frames` are free.
    void leave_free(std::size_t frames);
    std::size_t free_superpages = SIZE_MAX; ///< how many extents of order 9 there still are
    std::pair<int, int> version{4, 17};
    std::uint32_t cpus = 4;

    // ---- for the fakes
    /// Notes a call; true if it is to fail, with errno set.
    bool fails(const char* call);
    /// Notes a call that cannot fail.
    void note(const char* call);
    void complain(const std::string& what) { complaints_.push_back(what); }
    /// The domain a hypercall is about, or nothing and errno ESRCH.
    Domain* target(std::uint32_t id);
    /// Gives up a domain, at once or when its last mapping goes.
    void destroy(Domain& domain);
    void forget_if_unmapped(Domain& domain);
    [[nodiscard]] std::uint64_t outstanding_pages() const;
    /// Makes dom0's port pending: its handle's descriptor becomes readable.
    void raise(std::uint32_t local);
    /// A closed port of dom0's: the guest's end can be bound again.
    void unbind(std::uint32_t local);

    MachineMemory memory;
    std::map<std::uint16_t, Domain> domains;
    std::map<std::uint32_t, LocalPort> local_ports;
    std::map<const void*, std::function<void(std::uint32_t)>> deliver; ///< by event channel handle
    std::uint32_t next_local_port = 10;
    std::uint32_t domain_exception = 0;  ///< dom0's port that tells of ended domains, or 0
    bool domain_exception_taken = false; ///< by an xenstored
    std::size_t handles = 0;

  private:
    std::vector<std::string> calls_;
    std::vector<std::string> complaints_;
    std::size_t failing_call_ = 0;
    int failing_errno_ = 0;
};

/// Whether `file` is the descriptor of an event channel handle; if so, the ports written to it are unmasked.
bool take_unmasked_ports(int file, const void* bytes, std::size_t size);

/// The one that the fakes work on. There is none until boot().
Xen& xen();
/// Starts afresh: a machine with `frames` of free memory and dom0. Nothing of the one before may be in use.
Xen& boot(std::size_t frames = 16384);

} // namespace chaos::fakes
