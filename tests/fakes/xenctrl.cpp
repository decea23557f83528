// SPDX-License-Identifier: BSD-3-Clause
// In place of libxenctrl: what its calls do to the pretend hypervisor, and when Xen would refuse.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

using chaos::fakes::Domain;
using chaos::fakes::frame_size;
using chaos::fakes::xen;

struct xc_interface_core {
    int opened = 1;
};

namespace {

int refuse(int errno_value) {
    errno = errno_value;
    return -1;
}

/// Whether Xen 4.17 would make a domain of this.
bool is_sane(const xen_domctl_createdomain& config) {
    const bool hvm = config.flags & XEN_DOMCTL_CDF_hvm;
    const std::uint32_t most_vcpus = hvm ? 128 : 8192;
    if (config.flags & ~(XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap) ||
        (!hvm && config.flags & XEN_DOMCTL_CDF_hap))
        return false;
    if (config.arch.emulation_flags != (hvm ? XEN_X86_EMU_LAPIC : 0u))
        return false;
    const std::uint32_t grant_version = config.grant_opts & XEN_DOMCTL_GRANT_version_mask;
    return config.max_vcpus >= 1 && config.max_vcpus <= most_vcpus && grant_version >= 1 &&
           grant_version <= 2;
}

void fill(xc_domaininfo_t& info, const Domain& domain) {
    std::memset(&info, 0, sizeof info);
    info.domain = domain.id;
    info.flags = (domain.dying ? XEN_DOMINF_dying : 0) | (domain.hvm ? XEN_DOMINF_hvm_guest : 0) |
                 (domain.shutdown ? XEN_DOMINF_shutdown : 0) | (domain.pauses > 0 ? XEN_DOMINF_paused : 0) |
                 static_cast<std::uint32_t>(domain.shutdown_reason) << XEN_DOMINF_shutdownshift;
    if (!domain.dying && !domain.shutdown && domain.pauses == 0)
        info.flags |= XEN_DOMINF_blocked;
    info.tot_pages = domain.memory.size();
    info.max_pages = domain.maximum_pages;
    info.outstanding_pages = domain.claimed_pages;
    info.cpu_time = domain.cpu_time_ns;
    info.nr_online_vcpus = domain.vcpus;
    std::memcpy(info.handle, domain.handle.data(), domain.handle.size());
}

/// Takes as many frames as the extent needs, none if there are not that many.
bool populate_one(Domain& domain, std::uint64_t first_gfn, unsigned order) {
    const std::uint64_t pages = std::uint64_t{1} << order;
    const std::uint64_t promised_to_others = xen().outstanding_pages() - domain.claimed_pages;
    if (domain.memory.size() + pages > domain.maximum_pages ||
        xen().memory.free_frames() < promised_to_others + pages)
        return false;
    if (order == 9 && xen().free_superpages == 0)
        return false;
    if (order == 9)
        --xen().free_superpages;
    for (std::uint64_t gfn = first_gfn; gfn < first_gfn + pages; ++gfn) {
        if (domain.memory.find(gfn)) {
            xen().complain("gfn " + std::to_string(gfn) + " was populated twice");
            return false;
        }
        domain.memory.add(gfn, *xen().memory.allocate());
    }
    domain.claimed_pages -= std::min(domain.claimed_pages, pages);
    ++domain.extents[order];
    return true;
}

std::bitset<256> bits_of(const std::uint8_t* map) {
    std::bitset<256> bits;
    for (std::uint32_t cpu = 0; cpu < (xen().cpus + 7) / 8 * 8; ++cpu)
        bits[cpu] = map[cpu / 8] & 1u << cpu % 8;
    return bits;
}

} // namespace

extern "C" {

xc_interface* xc_interface_open(xentoollog_logger*, xentoollog_logger*, unsigned) {
    if (xen().fails("xc_interface_open"))
        return nullptr;
    ++xen().handles;
    return new xc_interface_core;
}

int xc_interface_close(xc_interface* handle) {
    xen().note("xc_interface_close");
    --xen().handles;
    delete handle;
    return 0;
}

int xc_version(xc_interface*, int command, void* argument) {
    if (xen().fails("xc_version"))
        return -1;
    switch (command) {
    case XENVER_version:
        return xen().version.first << 16 | xen().version.second;
    case XENVER_extraversion: // as long as it may be: Xen does not promise a terminating zero
        std::memset(argument, 'x', sizeof(xen_extraversion_t));
        return 0;
    case XENVER_commandline:
        std::memset(argument, 'c', sizeof(xen_commandline_t));
        return 0;
    default:
        return refuse(ENOSYS);
    }
}

int xc_physinfo(xc_interface*, xc_physinfo_t* info) {
    if (xen().fails("xc_physinfo"))
        return -1;
    std::memset(info, 0, sizeof *info);
    info->nr_cpus = xen().cpus;
    info->cores_per_socket = 2;
    info->threads_per_core = 1;
    info->cpu_khz = 1'000'000;
    info->capabilities = XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_pv;
    info->total_pages = xen().memory.total_frames();
    info->free_pages = xen().memory.free_frames();
    info->outstanding_pages = xen().outstanding_pages();
    return 0;
}

int xc_domain_create(xc_interface*, std::uint32_t* id, xen_domctl_createdomain* config) {
    if (xen().fails("xc_domain_create"))
        return -1;
    if (*id == 0 || *id >= DOMID_FIRST_RESERVED || !is_sane(*config))
        return refuse(EINVAL);
    const auto domain_id = static_cast<std::uint16_t>(*id);
    if (xen().find(domain_id))
        return refuse(EEXIST);
    Domain& domain = xen().domains[domain_id];
    domain.id = domain_id;
    std::memcpy(domain.handle.data(), config->handle, domain.handle.size());
    domain.hvm = config->flags & XEN_DOMCTL_CDF_hvm;
    domain.max_vcpus = config->max_vcpus;
    domain.max_event_channel = config->max_evtchn_port;
    domain.max_grant_frames = config->max_grant_frames;
    domain.cpu_pool = config->cpupool_id;
    return 0;
}

int xc_domain_max_vcpus(xc_interface*, std::uint32_t id, unsigned count) {
    if (xen().fails("xc_domain_max_vcpus"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (count != domain->max_vcpus)
        return refuse(EINVAL);
    domain->vcpus = count;
    return 0;
}

int xc_domain_sethandle(xc_interface*, std::uint32_t id, xen_domain_handle_t handle) {
    if (xen().fails("xc_domain_sethandle"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    std::copy_n(handle, domain->handle.size(), domain->handle.begin());
    return 0;
}

int xc_domain_setmaxmem(xc_interface*, std::uint32_t id, std::uint64_t kib) {
    if (xen().fails("xc_domain_setmaxmem"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    domain->maximum_pages = kib / 4;
    return 0;
}

int xc_domain_set_memmap_limit(xc_interface*, std::uint32_t id, unsigned long kib) {
    if (xen().fails("xc_domain_set_memmap_limit"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (domain->hvm)
        return refuse(EINVAL);
    domain->memory_map_kib = kib;
    return 0;
}

int xc_set_paging_mempool_size(xc_interface*, std::uint32_t id, std::uint64_t bytes) {
    if (xen().fails("xc_set_paging_mempool_size"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (!domain->hvm || bytes % frame_size)
        return refuse(EINVAL);
    domain->paging_pool_bytes = bytes;
    return 0;
}

int xc_domain_claim_pages(xc_interface*, std::uint32_t id, unsigned long pages) {
    if (xen().fails("xc_domain_claim_pages"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (pages == 0) {
        domain->claimed_pages = 0;
        return 0;
    }
    if (domain->claimed_pages || pages <= domain->memory.size() || pages > domain->maximum_pages)
        return refuse(EINVAL);
    const std::uint64_t wanted = pages - domain->memory.size();
    if (xen().outstanding_pages() + wanted > xen().memory.free_frames())
        return refuse(ENOMEM);
    domain->claimed_pages = wanted;
    return 0;
}

int xc_domain_populate_physmap(xc_interface*, std::uint32_t id, unsigned long count, unsigned order, unsigned,
                               xen_pfn_t* first_gfns) {
    if (xen().fails("xc_domain_populate_physmap"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (domain->vcpus == 0)
        xen().complain("memory was populated before there were vCPUs");
    unsigned long done = 0;
    while (done < count && populate_one(*domain, first_gfns[done], order))
        ++done;
    return static_cast<int>(done);
}

xc_evtchn_port_or_error_t xc_evtchn_alloc_unbound(xc_interface*, std::uint32_t id, std::uint32_t remote) {
    if (xen().fails("xc_evtchn_alloc_unbound"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (domain->ports.size() > domain->max_event_channel)
        return refuse(ENOSPC);
    domain->ports.push_back({true, static_cast<std::uint16_t>(remote), 0});
    return static_cast<int>(domain->ports.size() - 1);
}

int xc_domain_hvm_setcontext(xc_interface*, std::uint32_t id, std::uint8_t* records, std::uint32_t size) {
    if (xen().fails("xc_domain_hvm_setcontext"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (!domain->hvm || domain->vcpus == 0)
        return refuse(EINVAL);
    domain->context.assign(reinterpret_cast<const char*>(records), size);
    return 0;
}

int xc_hvm_param_set(xc_interface*, std::uint32_t id, std::uint32_t parameter, std::uint64_t value) {
    if (xen().fails("xc_hvm_param_set"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (!domain->hvm)
        return refuse(EINVAL);
    domain->hvm_parameters[parameter] = value;
    return 0;
}

int xc_cpuid_apply_policy(xc_interface*, std::uint32_t id, bool, const std::uint32_t*, unsigned, bool, bool,
                          bool, const xc_xend_cpuid*, const xc_msr*) {
    if (xen().fails("xc_cpuid_apply_policy"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    domain->has_cpuid_policy = true;
    return 0;
}

int xc_vcpu_setaffinity(xc_interface*, std::uint32_t id, int vcpu, xc_cpumap_t hard, xc_cpumap_t soft,
                        std::uint32_t flags) {
    if (xen().fails("xc_vcpu_setaffinity"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (vcpu < 0 || static_cast<std::uint32_t>(vcpu) >= domain->vcpus)
        return refuse(EINVAL);
    if (flags & XEN_VCPUAFFINITY_HARD) {
        const auto cpus = bits_of(hard);
        if ((cpus << (256 - xen().cpus)).none()) // none that the host has
            return refuse(EINVAL);
        domain->hard_affinity[static_cast<std::uint32_t>(vcpu)] = cpus;
    }
    if (flags & XEN_VCPUAFFINITY_SOFT)
        domain->soft_affinity[static_cast<std::uint32_t>(vcpu)] = bits_of(soft);
    return 0;
}

int xc_domain_pause(xc_interface*, std::uint32_t id) {
    if (xen().fails("xc_domain_pause"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    ++domain->pauses;
    return 0;
}

int xc_domain_unpause(xc_interface*, std::uint32_t id) {
    if (xen().fails("xc_domain_unpause"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (domain->pauses == 0)
        return refuse(EINVAL);
    if (domain->hvm && domain->context.empty() && domain->id != 0)
        xen().complain("a domain without registers was let run");
    if (--domain->pauses == 0 && xen().on_start)
        xen().on_start(*domain);
    return 0;
}

int xc_domain_destroy(xc_interface*, std::uint32_t id) {
    if (xen().fails("xc_domain_destroy"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (id == 0)
        return refuse(EINVAL);
    if (domain->mapped)
        xen().complain("a domain was destroyed while its memory was mapped");
    xen().destroy(*domain);
    return 0;
}

int xc_domain_dumpcore_via_callback(xc_interface* handle, std::uint32_t id, void* argument,
                                    dumpcore_rtn_t* write) {
    if (xen().fails("xc_domain_dumpcore_via_callback"))
        return -1;
    const Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    char header[] = "\x7f"
                    "ELF";
    if (write(handle, argument, header, 4) != 0)
        return refuse(EIO);
    std::vector<char> page(4096, 'm');
    for (std::size_t number = 0; number < domain->memory.size(); ++number)
        if (write(handle, argument, page.data(), static_cast<unsigned>(page.size())) != 0)
            return refuse(EIO);
    return 0;
}

int xc_domain_getinfolist(xc_interface*, std::uint32_t first, unsigned most, xc_domaininfo_t* infos) {
    if (xen().fails("xc_domain_getinfolist"))
        return -1;
    unsigned count = 0;
    for (const auto& [id, domain] : xen().domains) {
        if (id >= first && count < most)
            fill(infos[count++], domain);
    }
    return static_cast<int>(count);
}

int xc_domain_getinfo(xc_interface*, std::uint32_t first, unsigned most, xc_dominfo_t* infos) {
    if (xen().fails("xc_domain_getinfo"))
        return -1;
    const auto found = xen().domains.lower_bound(static_cast<std::uint16_t>(first));
    if (most == 0 || found == xen().domains.end()) {
        errno = ESRCH;
        return -1;
    }
    xc_domaininfo_t listed{};
    fill(listed, found->second);
    xc_dominfo_t& info = *infos;
    info = {};
    info.domid = listed.domain;
    info.dying = (listed.flags & XEN_DOMINF_dying) != 0;
    info.paused = (listed.flags & XEN_DOMINF_paused) != 0;
    info.blocked = (listed.flags & XEN_DOMINF_blocked) != 0;
    info.running = (listed.flags & XEN_DOMINF_running) != 0;
    info.hvm = (listed.flags & XEN_DOMINF_hvm_guest) != 0;
    info.shutdown_reason = (listed.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    const bool shutdown = (listed.flags & XEN_DOMINF_shutdown) != 0;
    info.crashed = shutdown && info.shutdown_reason == SHUTDOWN_crash; // as libxenctrl does
    info.shutdown = shutdown && !info.crashed;
    info.nr_pages = listed.tot_pages;
    info.max_memkb = listed.max_pages * 4;
    info.cpu_time = listed.cpu_time;
    info.nr_online_vcpus = listed.nr_online_vcpus;
    std::memcpy(info.handle, listed.handle, sizeof info.handle);
    return 1;
}

} // extern "C"
