// SPDX-License-Identifier: BSD-3-Clause
// The control interface: opening it, and the calls that act on one domain.
#include "libchaos/xen/control.hpp"

#include <cerrno>
#include <cstring>

#include "libchaos/xen/headers.hpp"

extern "C" {
#include <xen/hvm/params.h>
}

namespace chaos::xen {

namespace {

void say_nothing(xentoollog_logger*, xentoollog_level, int, const char*, const char*, va_list) {}

/// 0, or the Error of a libxenctrl call that returned negative and set errno.
Result<void> checked(int result, std::string_view call) {
    if (result < 0)
        return Error::from_errno(call, errno);
    return {};
}

Result<void> check_version(xc_interface* handle) {
    const int version = xc_version(handle, XENVER_version, nullptr);
    if (version < 0) {
        Error error = Error::from_errno("asking Xen for its version", errno);
        if (errno == ENOSYS)
            error = std::move(error).as(ErrorKind::not_on_xen);
        return error;
    }
    const int major = version >> 16;
    const int minor = version & 0xffff;
    if (major != CHAOS_XEN_MAJOR || minor != CHAOS_XEN_MINOR)
        return Error(ErrorKind::wrong_version, "the hypervisor is Xen " + std::to_string(major) + "." +
                                                   std::to_string(minor) + ", this build is for Xen " +
                                                   std::to_string(CHAOS_XEN_MAJOR) + "." +
                                                   std::to_string(CHAOS_XEN_MINOR))
            .advise("Xen's control interface changes with every release: build chaos against the libxen-dev "
                    "of the running hypervisor.");
    return {};
}

} // namespace

xentoollog_logger* silent_logger() {
    static xentoollog_logger logger{say_nothing, nullptr, nullptr};
    return &logger;
}

void Control::Close::operator()(xc_interface_core* handle) const {
    xc_interface_close(handle);
}

Result<Control> Control::open() {
    xc_interface* handle = xc_interface_open(silent_logger(), silent_logger(), XC_OPENFLAG_NON_REENTRANT);
    if (!handle) {
        const int reason = errno;
        Error error = Error::from_errno("opening /dev/xen/privcmd", reason);
        if (reason == EACCES || reason == EPERM)
            return std::move(error).advise("chaos needs to run as root in Xen's control domain (dom0).");
        if (reason == ENOENT || reason == ENODEV || reason == ENXIO)
            return std::move(error)
                .as(ErrorKind::not_on_xen)
                .advise(
                    "This kernel does not run as Xen's control domain: boot the host under Xen, and load the "
                    "xen-privcmd module if it is one.");
        return error;
    }
    Control control(handle);
    TRY(check_version(handle));
    return control;
}

Result<void> Control::create_domain(const DomainSpec& spec) {
    xen_domctl_createdomain config{};
    static_assert(sizeof(config.handle) == sizeof(spec.handle));
    std::memcpy(config.handle, spec.handle.data(), sizeof(config.handle));
    if (spec.pvh) {
        config.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
        config.arch.emulation_flags = XEN_X86_EMU_LAPIC; // Xen accepts no other set for PVH
    }
    config.max_vcpus = spec.vcpus;
    config.max_evtchn_port = spec.max_event_channels;
    config.max_grant_frames = static_cast<std::int32_t>(spec.max_grant_frames);
    config.cpupool_id = spec.cpu_pool;
    config.max_maptrack_frames = 0; // guests grant, they do not map grants of others
    config.grant_opts = XEN_DOMCTL_GRANT_version(1);
    std::uint32_t id = raw(spec.id);
    return checked(xc_domain_create(handle(), &id, &config), "creating the domain");
}

Result<void> Control::set_max_vcpus(DomainId domain, std::uint32_t vcpus) {
    return checked(xc_domain_max_vcpus(handle(), raw(domain), vcpus), "making its vCPUs");
}

Result<void> Control::set_handle(DomainId domain, const std::array<std::uint8_t, 16>& handle) {
    xen_domain_handle_t bytes;
    std::copy(handle.begin(), handle.end(), bytes);
    return checked(xc_domain_sethandle(this->handle(), raw(domain), bytes), "setting its UUID");
}

Result<void> Control::set_max_memory(DomainId domain, std::uint64_t kib) {
    return checked(xc_domain_setmaxmem(handle(), raw(domain), kib), "setting its memory limit");
}

Result<void> Control::set_paging_pool(DomainId domain, std::uint64_t bytes) {
    return checked(xc_set_paging_mempool_size(handle(), raw(domain), bytes), "sizing its paging pool");
}

Result<void> Control::claim_pages(DomainId domain, std::uint64_t pages) {
    return checked(xc_domain_claim_pages(handle(), raw(domain), pages), "claiming memory");
}

Result<std::size_t> Control::populate(DomainId domain, std::span<const std::uint64_t> first_gfns,
                                      unsigned order) {
    static_assert(sizeof(xen_pfn_t) == sizeof(std::uint64_t));
    // The hypercall reads the list only; libxenctrl's signature is not const.
    auto* list = const_cast<xen_pfn_t*>(reinterpret_cast<const xen_pfn_t*>(first_gfns.data()));
    const int done = xc_domain_populate_physmap(handle(), raw(domain), first_gfns.size(), order, 0, list);
    if (done < 0)
        return Error::from_errno("populating memory", errno);
    return static_cast<std::size_t>(done);
}

Result<EventChannelPort> Control::allocate_unbound(DomainId guest, DomainId remote) {
    const int port = xc_evtchn_alloc_unbound(handle(), raw(guest), raw(remote));
    if (port < 0)
        return Error::from_errno("allocating an event channel", errno);
    return EventChannelPort{static_cast<std::uint32_t>(port)};
}

Result<void> Control::set_hvm_parameter(DomainId domain, HvmParameter parameter, std::uint64_t value) {
    static_assert(static_cast<std::uint32_t>(HvmParameter::store_pfn) == HVM_PARAM_STORE_PFN);
    static_assert(static_cast<std::uint32_t>(HvmParameter::store_event_channel) == HVM_PARAM_STORE_EVTCHN);
    static_assert(static_cast<std::uint32_t>(HvmParameter::timer_mode) == HVM_PARAM_TIMER_MODE);
    static_assert(static_cast<std::uint32_t>(HvmParameter::console_pfn) == HVM_PARAM_CONSOLE_PFN);
    static_assert(static_cast<std::uint32_t>(HvmParameter::console_event_channel) ==
                  HVM_PARAM_CONSOLE_EVTCHN);
    static_assert(timer_mode_no_delay_for_missed_ticks == HVMPTM_no_delay_for_missed_ticks);
    return checked(xc_hvm_param_set(handle(), raw(domain), static_cast<std::uint32_t>(parameter), value),
                   "setting an HVM parameter");
}

Result<void> Control::set_memory_map_limit(DomainId domain, std::uint64_t kib) {
    return checked(xc_domain_set_memmap_limit(handle(), raw(domain), kib), "limiting its memory map");
}

Result<void> Control::apply_cpuid_policy(DomainId domain) {
    return checked(
        xc_cpuid_apply_policy(handle(), raw(domain), false, nullptr, 0, true, false, false, nullptr, nullptr),
        "applying the CPUID policy");
}

Result<void> Control::set_affinity(DomainId domain, VcpuId vcpu, const std::bitset<256>* hard,
                                   const std::bitset<256>* soft) {
    // libxenctrl copies as many bytes as the host has CPUs; our maps are as long as Debian's Xen can count.
    std::array<std::uint8_t, 64> hard_map{};
    std::array<std::uint8_t, 64> soft_map{};
    const auto fill = [](auto& bytes, const std::bitset<256>* set) {
        for (std::size_t cpu = 0; set && cpu < set->size(); ++cpu)
            if (set->test(cpu))
                bytes[cpu / 8] = static_cast<std::uint8_t>(bytes[cpu / 8] | 1u << (cpu % 8));
    };
    fill(hard_map, hard);
    fill(soft_map, soft);
    const std::uint32_t flags = (hard ? XEN_VCPUAFFINITY_HARD : 0u) | (soft ? XEN_VCPUAFFINITY_SOFT : 0u);
    return checked(xc_vcpu_setaffinity(handle(), raw(domain), static_cast<int>(raw(vcpu)), hard_map.data(),
                                       soft_map.data(), flags),
                   "setting CPU affinity");
}

Result<void> Control::pause(DomainId domain) {
    return checked(xc_domain_pause(handle(), raw(domain)), "pausing the domain");
}

Result<void> Control::unpause(DomainId domain) {
    return checked(xc_domain_unpause(handle(), raw(domain)), "unpausing the domain");
}

Result<void> Control::destroy(DomainId domain) {
    return checked(xc_domain_destroy(handle(), raw(domain)), "destroying the domain");
}

} // namespace chaos::xen
