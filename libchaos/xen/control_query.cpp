// SPDX-License-Identifier: BSD-3-Clause
// The control interface: what it tells of domains and of the host.
#include <cerrno>
#include <cstring>

#include "libchaos/xen/control.hpp"
#include "libchaos/xen/headers.hpp"

namespace chaos::xen {

namespace {

constexpr std::uint64_t kib_per_page = page_size / 1024;

DomainInfo translate(const xc_domaininfo_t& raw_info) {
    DomainInfo info;
    info.id = DomainId{raw_info.domain};
    std::memcpy(info.handle.data(), raw_info.handle, info.handle.size());
    info.pvh = raw_info.flags & XEN_DOMINF_hvm_guest;
    info.running = raw_info.flags & XEN_DOMINF_running;
    info.blocked = raw_info.flags & XEN_DOMINF_blocked;
    info.paused = raw_info.flags & XEN_DOMINF_paused;
    info.dying = raw_info.flags & XEN_DOMINF_dying;
    info.shutdown = raw_info.flags & XEN_DOMINF_shutdown;
    info.shutdown_reason =
        static_cast<ShutdownReason>((raw_info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask);
    info.memory_kib = raw_info.tot_pages * kib_per_page;
    info.max_memory_kib = raw_info.max_pages * kib_per_page;
    info.cpu_time_ns = raw_info.cpu_time;
    info.vcpus = raw_info.nr_online_vcpus;
    return info;
}

DomainInfo translate(const xc_dominfo_t& raw_info) {
    DomainInfo info;
    info.id = DomainId{static_cast<std::uint16_t>(raw_info.domid)};
    std::memcpy(info.handle.data(), raw_info.handle, info.handle.size());
    info.pvh = raw_info.hvm;
    info.running = raw_info.running;
    info.blocked = raw_info.blocked;
    info.paused = raw_info.paused;
    info.dying = raw_info.dying;
    info.shutdown = raw_info.shutdown || raw_info.crashed; // the library tells one or the other
    info.shutdown_reason = static_cast<ShutdownReason>(raw_info.shutdown_reason);
    info.memory_kib = raw_info.nr_pages * kib_per_page;
    info.max_memory_kib = raw_info.max_memkb;
    info.cpu_time_ns = raw_info.cpu_time;
    info.vcpus = raw_info.nr_online_vcpus;
    return info;
}

} // namespace

// Not by xc_domain_getinfolist(), for which Xen walks over all domains of lower ids.
Result<std::optional<DomainInfo>> Control::domain_info(DomainId domain) {
    xc_dominfo_t raw_info{};
    const int count = xc_domain_getinfo(handle(), raw(domain), 1, &raw_info);
    if (count < 0 && errno != ESRCH)
        return Error::from_errno("asking for the domain's state", errno);
    // Xen answers with the next higher domain if this one is gone, and ESRCH if there is none.
    if (count <= 0 || raw_info.domid != raw(domain))
        return std::optional<DomainInfo>{};
    return std::optional<DomainInfo>{translate(raw_info)};
}

Result<std::vector<DomainInfo>> Control::domains() {
    constexpr std::size_t batch = 256;
    std::vector<xc_domaininfo_t> raw_infos(batch);
    std::vector<DomainInfo> infos;
    std::uint32_t first = 0;
    while (first < DOMID_FIRST_RESERVED) {
        const int count = xc_domain_getinfolist(handle(), first, batch, raw_infos.data());
        if (count < 0)
            return Error::from_errno("listing domains", errno);
        if (count == 0)
            break;
        for (int index = 0; index < count; ++index)
            infos.push_back(translate(raw_infos[static_cast<std::size_t>(index)]));
        first = raw_infos[static_cast<std::size_t>(count) - 1].domain + 1u;
    }
    return infos;
}

Result<HostInfo> Control::host_info() {
    xc_physinfo_t physical{};
    if (xc_physinfo(handle(), &physical) < 0)
        return Error::from_errno("asking for the host's resources", errno);
    HostInfo info;
    const int version = xc_version(handle(), XENVER_version, nullptr);
    xen_extraversion_t extra{};
    if (version < 0 || xc_version(handle(), XENVER_extraversion, extra) < 0)
        return Error::from_errno("asking for Xen's version", errno);
    extra[sizeof(extra) - 1] = '\0';
    info.xen_version = std::to_string(version >> 16) + "." + std::to_string(version & 0xffff) + extra;
    xen_commandline_t command_line{};
    if (xc_version(handle(), XENVER_commandline, command_line) < 0)
        return Error::from_errno("asking for Xen's command line", errno);
    command_line[sizeof(command_line) - 1] = '\0';
    info.xen_commandline = command_line;
    info.cpus = physical.nr_cpus;
    info.cores_per_socket = physical.cores_per_socket;
    info.threads_per_core = physical.threads_per_core;
    info.cpu_khz = physical.cpu_khz;
    info.total_memory_kib = physical.total_pages * kib_per_page;
    info.free_memory_kib = physical.free_pages * kib_per_page;
    info.claimed_memory_kib = physical.outstanding_pages * kib_per_page;
    info.hap = physical.capabilities & XEN_SYSCTL_PHYSCAP_hap;
    info.pv = physical.capabilities & XEN_SYSCTL_PHYSCAP_pv;
    info.domains = static_cast<std::uint32_t>(TRY(domains()).size());
    return info;
}

Result<std::uint64_t> Control::free_memory_kib() {
    xc_physinfo_t physical{};
    if (xc_physinfo(handle(), &physical) < 0)
        return Error::from_errno("asking for free memory", errno);
    return (physical.free_pages - std::min<std::uint64_t>(physical.free_pages, physical.outstanding_pages)) *
           kib_per_page;
}

} // namespace chaos::xen
