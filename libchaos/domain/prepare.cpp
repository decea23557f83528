// SPDX-License-Identifier: BSD-3-Clause
// prepare(): domain, vCPUs, memory, event channels, grants and special pages, in that order.
#include "libchaos/domain/prepare.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <tuple>

#include "libchaos/domain/device_page.hpp"
#include "libchaos/domain/paging_pool.hpp"
#include "libchaos/domain/populate.hpp"
#include "libchaos/domain/stock_platform.hpp"

namespace chaos {

namespace {

/// What Xen gives a HAP domain at its creation: 256 pages (xen/arch/x86/mm/hap/hap.c, hap_enable).
constexpr std::uint64_t default_pool_bytes = 256 * page_size;
/// Up to this size a kernel is mapped together with the special pages.
constexpr std::size_t small_image_pages = 64;

Result<void> set_affinities(Host& host, DomainId domain, const Flavour& flavour) {
    if (flavour.cpus.empty() && flavour.cpus_soft.empty())
        return {};
    const auto of_vcpu = [](const std::vector<CpuSet>& sets, std::uint32_t vcpu) -> const CpuSet* {
        if (sets.empty())
            return nullptr;
        return sets.size() == 1 ? &sets[0] : vcpu < sets.size() ? &sets[vcpu] : nullptr;
    };
    for (std::uint32_t vcpu = 0; vcpu < flavour.vcpus; ++vcpu) {
        const CpuSet* hard = of_vcpu(flavour.cpus, vcpu);
        const CpuSet* soft = of_vcpu(flavour.cpus_soft, vcpu);
        if (!hard && !soft)
            continue;
        auto set = host.control().set_affinity(domain, VcpuId{vcpu}, hard, soft);
        if (!set && set.error().system_errno() == EINVAL) // Xen found no CPU of the host among them
            return std::move(set)
                .error()
                .as(ErrorKind::invalid_config)
                .advise("cpus= and cpus_soft= must name CPUs that this host has; `chaos info` counts them.");
        TRY(std::move(set));
    }
    return {};
}

Result<void> give_memory(Host& host, const Shell& shell, int stop_fd) {
    const DomainId id = shell.domain.id();
    const bool pvh = shell.flavour.type == GuestType::pvh;
    TRY(host.control().set_max_memory(id, shell.flavour.memory_kib));
    // A large guest needs more page tables than Xen's default pool holds, and needs them now; a small one
    // needs fewer, and trim_paging_pool() can wait.
    if (const std::uint64_t bytes = paging_pool_bytes(shell.layout, shell.flavour);
        pvh && bytes > default_pool_bytes)
        TRY(host.control().set_paging_pool(id, bytes));
    TRY(host.control().claim_pages(id, shell.layout.total_pages()));
    if (!pvh)
        return {}; // where a PV guest's memory goes depends on its kernel
    return populate_memory(host, id, shell.layout, stop_fd);
}

/// A guest that speaks noxs has no ACPI tables, and uses the page of its store for something else.
Gfn store_frame(const Shell& shell) {
    return shell.flavour.platform == Platform::noxs ? shell.layout.acpi() : shell.layout.store();
}

/// Of a PVH shell: the event channels of the devices every guest has, and the grants that open their pages to
/// the back-end.
Result<void> give_devices(Host& host, Shell& shell) {
    const DomainId id = shell.domain.id();
    std::array<xen::GrantSeed, 4 + most_devices> grants;
    std::size_t count = 0;
    if (shell.flavour.platform == Platform::noxs) {
        const EventChannelPort port = TRY(host.control().allocate_unbound(id, this_domain));
        shell.system = DeviceLocation{shell.layout.system(), port, system_grant};
        grants[count++] = {system_grant, this_domain, shell.layout.system()};
    }
    const EventChannelPort port = TRY(host.control().allocate_unbound(id, this_domain));
    const GrantReference grant =
        shell.flavour.platform == Platform::noxs ? console_grant : stock_console_grant;
    shell.console = DeviceLocation{shell.layout.console(), port, grant};
    grants[count++] = {grant, this_domain, shell.layout.console()};
    if (shell.flavour.has_store()) {
        shell.store = DeviceLocation{
            store_frame(shell), TRY(host.control().allocate_unbound(id, this_domain)), stock_store_grant};
        grants[count++] = {stock_store_grant, this_domain, shell.store->frame};
    }
    if (shell.flavour.xenstore && grant != stock_console_grant)
        grants[count++] = {stock_console_grant, this_domain, shell.layout.console()}; // for xenconsoled
    const std::uint32_t devices = shell.flavour.vifs + shell.flavour.vbds;
    shell.slots.reserve(devices);
    for (std::uint32_t index = 0; index < devices; ++index) {
        const DeviceSlot slot =
            slot_at(static_cast<std::uint16_t>(DeviceSlot::first_entry + index),
                    shell.layout.control_page(index), TRY(host.control().allocate_unbound(id, this_domain)));
        grants[count++] = {slot.location.grant, this_domain, slot.location.frame};
        shell.slots.push_back(slot);
    }
    shell.grants = TRY(host.memory().seed_grants(id, std::span(grants.data(), count)));
    return {};
}

/// The device page and the pages its entries name. A guest that does not run yet: plain writes.
void write_device_pages(const Shell& shell) {
    write_device_page({shell.domain.id(), *shell.system, *shell.console},
                      shell.page(shell.layout.device_page()), shell.page(shell.layout.system()),
                      shell.page(shell.layout.console()));
    if (shell.store)
        clear_control_page(shell.page(shell.store->frame));
    std::uint32_t index = 0;
    for (const DeviceSlot& slot : shell.slots) {
        const bool vif = index < shell.flavour.vifs;
        const auto id = static_cast<std::uint16_t>(vif ? index : index - shell.flavour.vifs);
        clear_control_page(shell.page(slot.location.frame));
        add_entry(shell.page(shell.layout.device_page()), {vif ? NOXS_DEVICE_VIF : NOXS_DEVICE_VBD, id},
                  slot);
        ++index;
    }
}

/// The pages of a kernel that is small enough to be mapped with the special pages; (0, 0) if it is not.
std::pair<Gfn, std::uint64_t> pages_of_small_image(const KernelHeaders* kernel, const MemoryLayout& layout) {
    if (!kernel)
        return {};
    const Gfn start{kernel->lowest_address / page_size};
    const std::uint64_t pages = (kernel->end_address + page_size - 1) / page_size - start.number;
    const bool fits = kernel->end_address <= layout.special_start().address();
    return fits && pages <= small_image_pages ? std::pair{start, pages} : std::pair{Gfn{}, std::uint64_t{0}};
}

/// Each mapping costs two system calls and their hypercalls, so there is one for everything.
Result<void> map_pages(Host& host, Shell& shell, const KernelHeaders* kernel) {
    const MemoryLayout& layout = shell.layout;
    const bool all = shell.flavour.platform == Platform::stock || shell.store || !shell.slots.empty();
    shell.first_special = all ? layout.special_start() : layout.console();
    std::tie(shell.image_start, shell.image_pages) = pages_of_small_image(kernel, layout);

    std::array<std::uint64_t, MemoryLayout::common_pages + most_devices + small_image_pages> gfns;
    std::size_t count = 0;
    for (Gfn frame = shell.first_special; frame < layout.special_end(); frame = frame + 1)
        gfns[count++] = frame.number;
    for (std::uint64_t index = 0; index < shell.image_pages; ++index)
        gfns[count++] = (shell.image_start + index).number;
    shell.pages = TRY(host.memory().map(shell.domain.id(), std::span(gfns.data(), count)));
    return {};
}

} // namespace

Result<void> check_stop(int stop_fd) {
    if (stop_fd < 0)
        return {};
    pollfd poller{stop_fd, POLLIN, 0};
    if (::poll(&poller, 1, 0) > 0)
        return Error(ErrorKind::interrupted, "interrupted");
    return {};
}

void trim_paging_pool(Host& host, const Shell& shell) {
    const std::uint64_t bytes = paging_pool_bytes(shell.layout, shell.flavour);
    if (shell.flavour.type == GuestType::pvh && bytes < default_pool_bytes)
        (void)host.control().set_paging_pool(shell.domain.id(), bytes);
}

Result<Shell> prepare(Host& host, DomainId id, const Uuid& uuid, const Flavour& flavour,
                      const KernelHeaders* kernel, int stop_fd) {
    if (!MemoryLayout(flavour.memory_kib, flavour.vifs + flavour.vbds).has_room())
        return Error(ErrorKind::invalid_config, "its devices need more pages than its memory of " +
                                                    std::to_string(flavour.memory_kib) + " KiB has");
    xen::DomainSpec spec;
    spec.id = id;
    spec.handle = uuid.bytes;
    spec.pvh = flavour.type == GuestType::pvh;
    spec.vcpus = flavour.vcpus;
    spec.max_event_channels = flavour.max_event_channels;
    spec.max_grant_frames = flavour.max_grant_frames;
    spec.cpu_pool = flavour.cpu_pool;
    auto made = host.control().create_domain(spec);
    if (!made && flavour.cpu_pool != 0 && made.error().system_errno() != EEXIST)
        return std::move(made)
            .error()
            .while_doing("in CPU pool " + std::to_string(flavour.cpu_pool))
            .advise("`xl cpupool-list` lists the CPU pools there are.");
    TRY(std::move(made));
    Shell shell{DomainGuard(host.control(), id), uuid, flavour,
                MemoryLayout(flavour.memory_kib, flavour.vifs + flavour.vbds)};

    TRY(host.control().set_max_vcpus(id, flavour.vcpus));
    TRY(set_affinities(host, id, flavour));
    if (auto given = give_memory(host, shell, stop_fd); !given) {
        if (given.error().kind() == ErrorKind::out_of_memory)
            return not_enough_memory(host, flavour.memory_kib, std::move(given).error());
        return std::move(given).error();
    }
    if (flavour.type == GuestType::pvh) {
        // Or the guest's clock would stand still whenever its vCPU has to wait for a CPU.
        TRY(host.control().set_hvm_parameter(id, xen::HvmParameter::timer_mode,
                                             xen::timer_mode_no_delay_for_missed_ticks));
        TRY(give_devices(host, shell));
        TRY(map_pages(host, shell, kernel));
        if (flavour.platform == Platform::noxs)
            write_device_pages(shell);
        else
            TRY(furnish_stock_platform(host, shell));
    }
    TRY(check_stop(stop_fd));
    return shell;
}

} // namespace chaos
