// SPDX-License-Identifier: BSD-3-Clause
// The guest's side of booting and of the noxs contract.
#include "tests/fakes/noxs_guest.hpp"

#include <cstdlib>
#include <cstring>
#include <ostream>

#include "tests/fakes/headers.hpp"

extern "C" {
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/save.h>
#include <xen/io/console.h>
}

namespace chaos::fakes {
namespace {

template<typename T>
T read_struct(Xen& xen, const Domain& domain, std::uint64_t address) {
    T value;
    std::memcpy(&value, xen.read(domain.id, address, sizeof value).data(), sizeof value);
    return value;
}

/// The record of one type among the save records; they must be well formed to their end.
std::string find_record(const std::string& records, std::uint16_t type, std::size_t size) {
    for (std::size_t at = 0;;) {
        hvm_save_descriptor descriptor;
        if (records.size() - at < sizeof descriptor)
            std::abort();
        std::memcpy(&descriptor, records.data() + at, sizeof descriptor);
        at += sizeof descriptor;
        if (descriptor.typecode == type && descriptor.length == size)
            return records.substr(at, size);
        if (descriptor.typecode == HVM_SAVE_CODE(END) || descriptor.length > records.size() - at)
            std::abort();
        at += descriptor.length;
    }
}

} // namespace

std::ostream& operator<<(std::ostream& out, const Range& range) {
    return out << std::hex << "0x" << range.address << "+0x" << range.size << std::dec << " type "
               << range.type;
}

BootView boot_view(Xen& xen, const Domain& domain) {
    HVM_SAVE_TYPE(CPU) cpu;
    const std::string record = find_record(domain.context, HVM_SAVE_CODE(CPU), sizeof cpu);
    std::memcpy(&cpu, record.data(), sizeof cpu);

    BootView view;
    view.rip = cpu.rip;
    view.rbx = cpu.rbx;
    view.cr0 = cpu.cr0;
    view.rflags = cpu.rflags;
    view.cs_limit = cpu.cs_limit;
    view.cs_attributes = cpu.cs_arbytes;
    view.ds_attributes = cpu.ds_arbytes;
    const auto info = read_struct<hvm_start_info>(xen, domain, cpu.rbx);
    view.magic = info.magic;
    view.version = info.version;
    view.acpi_root_pointer = info.rsdp_paddr;
    for (std::uint64_t at = info.cmdline_paddr; const char character = xen.read(domain.id, at, 1)[0]; ++at)
        view.command_line += character;
    for (std::uint32_t index = 0; index < info.nr_modules; ++index) {
        const auto module = read_struct<hvm_modlist_entry>(
            xen, domain, info.modlist_paddr + index * sizeof(hvm_modlist_entry));
        if (module.cmdline_paddr != 0)
            xen.complain("a module has a command line");
        view.modules.push_back({module.paddr, module.size, 0});
    }
    for (std::uint32_t index = 0; index < info.memmap_entries; ++index) {
        const auto entry = read_struct<hvm_memmap_table_entry>(
            xen, domain, info.memmap_paddr + index * sizeof(hvm_memmap_table_entry));
        view.memory.push_back({entry.addr, entry.size, entry.type});
    }
    return view;
}

noxs_device_page device_page(Xen& xen, const Domain& domain) {
    const auto modules = boot_view(xen, domain).modules;
    if (modules.empty())
        std::abort();
    return read_struct<noxs_device_page>(xen, domain, modules.back().address);
}

NoxsGuest::NoxsGuest(Xen& xen) : xen_(xen) {
    xen.on_start = [this](Domain& domain) { start(domain); };
    xen.on_notify = [this](Domain& domain, std::uint32_t) { notified(domain); };
}

noxs_system_page* NoxsGuest::system_page(const Domain& domain) {
    const auto page = device_page(xen_, domain);
    return reinterpret_cast<noxs_system_page*>(xen_.page(domain.id, page.entries[0].control_gfn));
}

std::byte* NoxsGuest::console_page(const Domain& domain) {
    const auto page = device_page(xen_, domain);
    return xen_.page(domain.id, page.entries[1].control_gfn);
}

void NoxsGuest::start(Domain& domain) {
    if (!says.empty()) {
        auto* ring = reinterpret_cast<xencons_interface*>(console_page(domain));
        for (const char character : says)
            ring->out[ring->out_prod++ % sizeof ring->out] = character;
    }
    noxs_system_page* page = system_page(domain);
    if (says_ready) {
        page->guest.features = features;
        page->guest.state = NOXS_STATE_READY;
    }
    if (stops_with >= 0)
        xen_.shut_down(domain, static_cast<std::uint8_t>(stops_with));
    if (notifies)
        xen_.notify_from(domain, device_page(xen_, domain).entries[0].event_channel);
}

void NoxsGuest::notified(Domain& domain) {
    noxs_system_page* page = system_page(domain);
    if (page->backend.request_sequence == page->guest.answer_sequence)
        return;
    requests.push_back(page->backend.request);
    if (!answers)
        return;
    page->guest.answer = answer;
    page->guest.answer_sequence = page->backend.request_sequence;
    if (obeys && answer == NOXS_ANSWER_ACCEPTED) {
        page->guest.state = NOXS_STATE_STOPPING;
        const std::uint32_t request = page->backend.request;
        xen_.shut_down(domain, request == NOXS_REQUEST_REBOOT  ? SHUTDOWN_reboot
                               : request == NOXS_REQUEST_CRASH ? SHUTDOWN_crash
                                                               : SHUTDOWN_poweroff);
    }
    if (notifies)
        xen_.notify_from(domain, device_page(xen_, domain).entries[0].event_channel);
}

} // namespace chaos::fakes
