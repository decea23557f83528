// SPDX-License-Identifier: BSD-3-Clause
// The hypervisor's control interface (libxenctrl): one method per hypercall, errno turned into an Error at
// the edge.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

struct xc_interface_core;

namespace chaos::xen {

/// Why a domain stopped (xen/sched.h, SHUTDOWN_*).
enum class ShutdownReason : std::uint8_t {
    poweroff = 0,
    reboot = 1,
    suspend = 2,
    crash = 3,
    watchdog = 4,
    soft_reset = 5
};

/// What createdomain is told (xen/domctl.h, struct xen_domctl_createdomain).
struct DomainSpec {
    DomainId id{};                         ///< an explicit id: 1 to 32751
    std::array<std::uint8_t, 16> handle{}; ///< the guest's UUID
    bool pvh = true;                       ///< else PV
    std::uint32_t vcpus = 1;
    std::uint32_t max_event_channels = 127; ///< highest port
    std::uint32_t max_grant_frames = 4;
    std::uint32_t cpu_pool = 0; ///< number of a CPU pool that exists
};

/// The HVM parameters that chaos sets (xen/hvm/params.h, HVM_PARAM_*).
enum class HvmParameter : std::uint32_t {
    store_pfn = 1,
    store_event_channel = 2,
    timer_mode = 10,
    console_pfn = 17,
    console_event_channel = 18,
};

/// HvmParameter::timer_mode: a vCPU that had to wait for a CPU does not fall behind real time (the default is
/// that its clock stops meanwhile).
constexpr std::uint64_t timer_mode_no_delay_for_missed_ticks = 1;

/// A domain as the hypervisor sees it now.
struct DomainInfo {
    DomainId id{};
    std::array<std::uint8_t, 16> handle{};
    bool pvh = false; ///< or HVM
    bool running = false;
    bool blocked = false;
    bool paused = false; ///< by the control domain
    bool dying = false;
    bool shutdown = false;
    ShutdownReason shutdown_reason = ShutdownReason::poweroff; ///< valid if shutdown
    std::uint64_t memory_kib = 0;                              ///< pages it has now
    std::uint64_t max_memory_kib = 0;
    std::uint64_t cpu_time_ns = 0;
    std::uint32_t vcpus = 0; ///< online
};

/// What the machine has.
struct HostInfo {
    std::string xen_version; ///< "4.17.6-pre" as Xen prints it
    std::string xen_commandline;
    std::uint32_t cpus = 0;
    std::uint32_t cores_per_socket = 0;
    std::uint32_t threads_per_core = 0;
    std::uint32_t cpu_khz = 0;
    std::uint64_t total_memory_kib = 0;
    std::uint64_t free_memory_kib = 0;
    std::uint64_t claimed_memory_kib = 0; ///< free but promised to domains being built
    bool hap = false;                     ///< PVH guests can run
    bool pv = false;                      ///< PV guests can run
    std::uint32_t domains = 0;
};

/// Move-only owner of a libxenctrl handle. Not thread safe.
class Control {
  public:
    /// Fails with not_on_xen, not_permitted or wrong_version.
    static Result<Control> open();

    Result<void>
    create_domain(const DomainSpec& spec); ///< Error with system_errno() EEXIST if the id is in use
    Result<void> set_handle(DomainId domain, const std::array<std::uint8_t, 16>& handle);
    Result<void> set_max_vcpus(DomainId domain, std::uint32_t vcpus);
    Result<void> set_max_memory(DomainId domain, std::uint64_t kib);
    /// Size of the pool that a HAP domain's page tables come from, bytes (Xen's default is 1 MiB).
    Result<void> set_paging_pool(DomainId domain, std::uint64_t bytes);
    /// Sets `pages` aside for the domain until it has them; 0 gives the claim back.
    Result<void> claim_pages(DomainId domain, std::uint64_t pages);
    /// Gives the domain extents of 2^order pages at each of `first_gfns`; returns how many it got, which is
    /// fewer if memory (of that order) ran out.
    Result<std::size_t> populate(DomainId domain, std::span<const std::uint64_t> first_gfns, unsigned order);
    /// A port of `guest`'s that `remote` may bind to.
    Result<EventChannelPort> allocate_unbound(DomainId guest, DomainId remote);
    /// Points vCPU 0 of a PVH domain at `entry` with the start info's address in EBX, as the PVH boot
    /// protocol has it (xen/arch-x86/hvm/start_info.h): 32-bit flat protected mode, paging off.
    Result<void> set_pvh_entry(DomainId domain, std::uint32_t entry, std::uint32_t start_info_address);
    Result<void> set_hvm_parameter(DomainId domain, HvmParameter parameter, std::uint64_t value);
    /// Says in a PV domain's memory map that it ends at `kib`; without, the kernel expects 8 MiB more.
    Result<void> set_memory_map_limit(DomainId domain, std::uint64_t kib);
    /// Gives the domain the CPUID and MSR policy that a stock kernel expects.
    Result<void> apply_cpuid_policy(DomainId domain);
    Result<void> set_affinity(DomainId domain, VcpuId vcpu, const std::bitset<256>* hard,
                              const std::bitset<256>* soft);

    Result<void> pause(DomainId domain);
    Result<void> unpause(DomainId domain);
    Result<void> destroy(DomainId domain);

    /// The domain, or nothing if it is gone.
    Result<std::optional<DomainInfo>> domain_info(DomainId domain);
    /// Every domain by rising id.
    Result<std::vector<DomainInfo>> domains();
    Result<HostInfo> host_info();
    Result<std::uint64_t> free_memory_kib();

    /// Writes the domain's memory and vCPUs to `write` piece by piece, as an ELF core file in the form of `xl dump-core`
    /// (xen/docs/misc/dump-core-format.txt). The domain should be paused or have stopped.
    Result<void> dump_core(DomainId domain, const std::function<Result<void>(std::string_view)>& write);

    /// libxenctrl's handle, for the PV builder only.
    [[nodiscard]] xc_interface_core* handle() const { return handle_.get(); }

  private:
    struct Close {
        void operator()(xc_interface_core* handle) const;
    };
    explicit Control(xc_interface_core* handle) : handle_(handle) {}
    std::unique_ptr<xc_interface_core, Close> handle_;
};

} // namespace chaos::xen
