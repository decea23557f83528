// SPDX-License-Identifier: BSD-3-Clause
// The floor under any toolstack: the fewest hypercalls that bring a noxs guest from nothing to "ready".
//
// It is the one program besides libchaos/xen that calls Xen's libraries, and it uses nothing of libchaos on
// purpose: a floor that shared code with what it judges would rise with it. Whatever a guest does not
// strictly need is left out (no claim, no grants, no console, no paging pool of its own, no name, no record,
// no undoing); handles are open and the image is in memory before the clock starts, and it stops when the
// guest's "ready" is seen.
#define __XEN_TOOLS__ 1
#include <sys/mman.h>

#include <unistd.h>

extern "C" {
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/save.h>
}

#include "noxs/noxs.h"
#include "tests/bench/floor_image.hpp"
#include "tests/bench/samples.hpp"

namespace {

using bench::Image;
using bench::need;
using bench::page_bytes;

constexpr std::uint64_t superpage_pages = 512;
constexpr std::uint64_t cr0_pe_et = 0x11;

/// The three pages beside the kernel's that a noxs guest looks at, right behind it so that one mapping covers
/// all.
struct Pages {
    explicit Pages(const Image& image) : start_info(image.first_gfn + image.bytes.size() / page_bytes) {}
    [[nodiscard]] std::uint64_t devices() const { return start_info + 1; }
    [[nodiscard]] std::uint64_t system() const { return start_info + 2; }
    [[nodiscard]] std::uint64_t end() const { return start_info + 3; }
    std::uint64_t start_info;
};

struct StartPage {
    hvm_start_info info;
    hvm_modlist_entry module;
    hvm_memmap_table_entry memory[3];
};

StartPage make_start_page(const Pages& pages, std::uint64_t memory_pages) {
    const std::uint64_t address = pages.start_info * page_bytes;
    StartPage page{};
    page.info.magic = XEN_HVM_START_MAGIC_VALUE;
    page.info.version = 1;
    page.info.nr_modules = 1;
    page.info.modlist_paddr = address + offsetof(StartPage, module);
    page.info.memmap_paddr = address + offsetof(StartPage, memory);
    page.info.memmap_entries = 3;
    page.module.paddr = pages.devices() * page_bytes;
    page.module.size = page_bytes;
    page.memory[0] = {0, address, XEN_HVM_MEMMAP_TYPE_RAM, 0};
    page.memory[1] = {address, (pages.end() - pages.start_info) * page_bytes, XEN_HVM_MEMMAP_TYPE_RESERVED,
                      0};
    page.memory[2] = {pages.end() * page_bytes, (memory_pages - pages.end()) * page_bytes,
                      XEN_HVM_MEMMAP_TYPE_RAM, 0};
    return page;
}

#pragma pack(push, 1)
struct Context {
    hvm_save_descriptor header_descriptor;
    HVM_SAVE_TYPE(HEADER) header;
    hvm_save_descriptor cpu_descriptor;
    HVM_SAVE_TYPE(CPU) cpu;
    hvm_save_descriptor end_descriptor;
};
#pragma pack(pop)

/// 32-bit flat protected mode with paging off, the start info's address in EBX.
Context make_context(const Image& image, const Pages& pages) {
    Context context;
    std::memset(&context, 0, sizeof(context));
    context.header_descriptor = {HVM_SAVE_CODE(HEADER), 0, HVM_SAVE_LENGTH(HEADER)};
    context.header.magic = HVM_FILE_MAGIC;
    context.header.version = HVM_FILE_VERSION;
    context.cpu_descriptor = {HVM_SAVE_CODE(CPU), 0, HVM_SAVE_LENGTH(CPU)};
    auto& cpu = context.cpu;
    cpu.cr0 = cr0_pe_et;
    cpu.rip = image.entry;
    cpu.rbx = pages.start_info * page_bytes;
    cpu.rflags = 2;
    cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.fs_limit = cpu.gs_limit = cpu.ss_limit = 0xffffffff;
    cpu.cs_arbytes = 0xc9b;
    cpu.ds_arbytes = cpu.es_arbytes = cpu.fs_arbytes = cpu.gs_arbytes = cpu.ss_arbytes = 0xc93;
    cpu.tr_limit = 0x67;
    cpu.tr_arbytes = 0x8b;
    context.end_descriptor = {HVM_SAVE_CODE(END), 0, 0};
    return context;
}

class Floor {
  public:
    Floor(const char* kernel, std::uint64_t memory_kib)
        : memory_pages_(memory_kib * 1024 / page_bytes), image_(bench::read_image(kernel)), pages_(image_),
          start_page_(make_start_page(pages_, memory_pages_)), context_(make_context(image_, pages_)) {
        errno = EINVAL;
        need(memory_pages_ > pages_.end(), "the guest's memory cannot hold the image");
        control_ = xc_interface_open(nullptr, nullptr, XC_OPENFLAG_NON_REENTRANT);
        need(control_ != nullptr, "opening the control interface");
        memory_ = xenforeignmemory_open(nullptr, 0);
        need(memory_ != nullptr, "opening foreign memory");
        events_ = xenevtchn_open(nullptr, 0);
        need(events_ != nullptr, "opening event channels");
        for (std::uint64_t gfn = image_.first_gfn; gfn < pages_.end(); ++gfn)
            mapped_.push_back(gfn);
        const std::uint64_t whole = memory_pages_ / superpage_pages;
        for (std::uint64_t i = 0; i < whole; ++i)
            superpages_.push_back(i * superpage_pages);
        for (std::uint64_t gfn = whole * superpage_pages; gfn < memory_pages_; ++gfn)
            small_pages_.push_back(gfn);
    }

    /// Nothing → ready; the guest's domain is then in `domain`.
    void create(std::uint32_t& domain, bench::Sample& sample) {
        bench::Stopwatch watch(sample);
        xen_domctl_createdomain config{};
        config.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
        config.arch.emulation_flags = XEN_X86_EMU_LAPIC;
        config.max_vcpus = 1;
        config.max_evtchn_port = 127;
        config.max_grant_frames = 1;
        config.grant_opts = XEN_DOMCTL_GRANT_version(1);
        need(xc_domain_create(control_, &domain, &config) == 0, "creating a domain");
        watch.lap("domain");
        need(xc_domain_max_vcpus(control_, domain, 1) == 0, "creating its vCPU");
        watch.lap("vcpu");
        need(xc_domain_setmaxmem(control_, domain, memory_pages_ * 4) == 0, "setting its memory limit");
        watch.lap("max_memory");
        populate(domain, superpages_, 9);
        populate(domain, small_pages_, 0);
        watch.lap("populate");
        const int port = xc_evtchn_alloc_unbound(control_, domain, 0);
        need(port > 0, "allocating an event channel");
        watch.lap("event_channel");
        void* mapping = xenforeignmemory_map(memory_, domain, PROT_READ | PROT_WRITE, mapped_.size(),
                                             mapped_.data(), nullptr);
        need(mapping != nullptr, "mapping its memory");
        watch.lap("map");
        write_pages(static_cast<char*>(mapping), domain, static_cast<std::uint32_t>(port));
        watch.lap("write");
        need(xc_domain_hvm_setcontext(control_, domain, reinterpret_cast<std::uint8_t*>(&context_),
                                      sizeof(context_)) == 0,
             "setting its context");
        watch.lap("context");
        const auto local = xenevtchn_bind_interdomain(events_, domain, static_cast<evtchn_port_t>(port));
        need(local >= 0, "binding its event channel");
        watch.lap("bind");
        need(xc_domain_unpause(control_, domain) == 0, "unpausing it");
        watch.lap("unpause");
        wait_ready(static_cast<const char*>(mapping));
        watch.lap("ready");
        watch.total("create");
        need(xenforeignmemory_unmap(memory_, mapping, mapped_.size()) == 0, "unmapping its memory");
        watch.lap("unmap");
        need(xenevtchn_unbind(events_, static_cast<evtchn_port_t>(local)) == 0,
             "unbinding its event channel");
        watch.lap("unbind");
    }

    void destroy(std::uint32_t domain, bench::Sample& sample) {
        bench::Stopwatch watch(sample);
        need(xc_domain_destroy(control_, domain) == 0, "destroying the domain");
        watch.lap("destroy");
    }

  private:
    void populate(std::uint32_t domain, std::vector<xen_pfn_t>& gfns, unsigned order) {
        if (!gfns.empty())
            need(xc_domain_populate_physmap_exact(control_, domain, gfns.size(), order, 0, gfns.data()) == 0,
                 "populating its memory");
    }

    void write_pages(char* mapping, std::uint32_t domain, std::uint32_t port) const {
        std::memcpy(mapping, image_.bytes.data(), image_.bytes.size());
        std::memcpy(page(mapping, pages_.start_info), &start_page_, sizeof(start_page_));

        struct {
            noxs_device_page_header header;
            noxs_device_entry system;
        } devices{};
        devices.header.magic = NOXS_MAGIC;
        devices.header.version_major = NOXS_VERSION_MAJOR;
        devices.header.version_minor = NOXS_VERSION_MINOR;
        devices.header.entry_count = 1;
        devices.header.domain = static_cast<std::uint16_t>(domain);
        devices.system.type = NOXS_DEVICE_SYSTEM;
        devices.system.event_channel = port;
        devices.system.control_gfn = pages_.system();
        std::memcpy(page(mapping, pages_.devices()), &devices, sizeof(devices));
        std::memset(page(mapping, pages_.system()), 0, 128); // the two halves; the rest is reserved
    }

    /// Binding a port raises one event of its own, so the page is looked at after each.
    void wait_ready(const char* mapping) const {
        const auto* system =
            reinterpret_cast<const volatile noxs_system_page*>(mapping + offset(pages_.system()));
        while (system->guest.state != NOXS_STATE_READY) {
            const auto port = xenevtchn_pending(events_); // blocks
            need(port >= 0, "waiting for an event");
            if (system->guest.state != NOXS_STATE_READY)
                need(xenevtchn_unmask(events_, static_cast<evtchn_port_t>(port)) == 0,
                     "unmasking its event channel");
        }
    }

    [[nodiscard]] std::size_t offset(std::uint64_t gfn) const {
        return (gfn - image_.first_gfn) * page_bytes;
    }
    [[nodiscard]] char* page(char* mapping, std::uint64_t gfn) const { return mapping + offset(gfn); }

    std::uint64_t memory_pages_;
    Image image_;
    Pages pages_;
    StartPage start_page_;
    Context context_;
    xc_interface* control_;
    xenforeignmemory_handle* memory_;
    xenevtchn_handle* events_;
    std::vector<xen_pfn_t> mapped_;
    std::vector<xen_pfn_t> superpages_;
    std::vector<xen_pfn_t> small_pages_;
};

constexpr const char* usage =
    "Usage: floor [--ascending] [--keep] [--memory KIB] [--samples N] [--name NAME] KERNEL\n"
    "Creates and destroys N guests (20 of 4096 KiB) with raw hypercalls and prints the time of each step, "
    "ns.\n"
    "--keep       destroys them only at the end, so that each creation meets more guests than the one "
    "before\n"
    "--ascending  lets Xen pick rising domain ids, instead of counting down from 32700\n";

} // namespace

int main(int argument_count, char** arguments) {
    bool ascending = false;
    bool keep = false;
    std::uint64_t memory_kib = 4096;
    unsigned samples = 20;
    const char* name = "floor";
    const char* kernel = nullptr;
    for (int i = 1; i < argument_count; ++i) {
        const std::string argument = arguments[i];
        const bool more = i + 1 < argument_count;
        if (argument == "--ascending")
            ascending = true;
        else if (argument == "--keep")
            keep = true;
        else if (argument == "--memory" && more)
            memory_kib = std::strtoull(arguments[++i], nullptr, 10);
        else if (argument == "--samples" && more)
            samples = static_cast<unsigned>(std::strtoul(arguments[++i], nullptr, 10));
        else if (argument == "--name" && more)
            name = arguments[++i];
        else if (!argument.starts_with("-") && !kernel)
            kernel = arguments[i];
        else
            kernel = nullptr, i = argument_count;
    }
    if (!kernel || samples > 32000) {
        std::fputs(usage, stderr);
        return 2;
    }

    Floor floor(kernel, memory_kib);
    const auto make = [&](unsigned index, bench::Sample& sample) {
        std::uint32_t domain = ascending ? 0 : 32700 - index; // 0: Xen picks
        floor.create(domain, sample);
        return domain;
    };
    // What follows a domain's end happens a little later in Xen: its memory is scrubbed, its structures are
    // freed.
    const auto let_xen_settle = [] { usleep(20'000); };
    // The first guests meet cold caches of kernel and libraries; they are made, and not counted.
    for (unsigned i = 0; i < 3; ++i) {
        bench::Sample ignored;
        floor.destroy(make(i, ignored), ignored);
    }
    let_xen_settle();

    bench::Report report(name);
    std::vector<std::uint32_t> kept;
    for (unsigned i = 0; i < samples; ++i) {
        bench::Sample sample;
        const std::uint32_t domain = make(i, sample);
        if (keep) {
            kept.push_back(domain);
        } else {
            let_xen_settle();
            floor.destroy(domain, sample);
            let_xen_settle();
        }
        report.add(std::move(sample));
    }
    for (const std::uint32_t domain : kept) {
        bench::Sample ignored;
        floor.destroy(domain, ignored);
    }
    report.print();
}
