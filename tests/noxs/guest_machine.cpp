// SPDX-License-Identifier: BSD-3-Clause
// What the guest runtime calls of its processor and its hypervisor, played in this process.
#include "guest_machine.hpp"

#include <sys/mman.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "boot_info.hpp"
#include "events.hpp"
#include "libchaos/xen/start_info.hpp"
#include "page_table.hpp"
#include "power.hpp"

// The guest's image ends below every page of ours.
asm(".globl image_end\n.set image_end, 0x1000\n");
// No hypercall is made here; the inlined code only needs an address.
asm(".globl hypercall_instruction\n.set hypercall_instruction, 0x1000\n");
// Nor does it sleep: what it waits for is there.
asm(".globl enable_interrupts_and_halt\n.set enable_interrupts_and_halt, 0x1000\n");

namespace unikernel {

namespace {

BootInfo the_boot_info;
std::vector<EventPort> notifications;
std::vector<std::pair<EventPort, EventHandler*>> bound;

} // namespace

const BootInfo& boot_info() {
    return the_boot_info;
}

bool map_identity(MemoryRange) {
    return true;
}

void notify(EventPort port) {
    notifications.push_back(port);
}

void run_handlers(EventPort port) {
    for (const auto& [bound_port, handler] : bound)
        if (bound_port == port)
            handler->run_();
}

void EventHandler::bind(EventPort port) {
    bound.emplace_back(port, this);
    run_();
}

void power_off() {
    throw GuestEnded{"power off"};
}

void reboot() {
    throw GuestEnded{"reboot"};
}

void fault() {
    throw GuestEnded{"fault"};
}

void panic(const char* reason) {
    throw GuestEnded{reason};
}

} // namespace unikernel

GuestMachine::GuestMachine(std::string_view command_line) {
    void* memory = ::mmap(nullptr, pages * chaos::page_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (memory == MAP_FAILED)
        throw std::runtime_error("no memory below 4 GiB");
    first_ = chaos::Gfn{reinterpret_cast<std::uint64_t>(memory) / chaos::page_size};

    // Garbage of a former owner: nothing of it may reach the guest.
    std::memset(memory, 0xa5, pages * chaos::page_size);
    chaos::write_device_page(
        {.domain = chaos::DomainId{7},
         .system = {system(), chaos::EventChannelPort{system_port}, chaos::system_grant},
         .console = {console(), chaos::EventChannelPort{console_port}, chaos::console_grant}},
        page(device_page()), page(system()), page(console()));

    const std::array<chaos::xen::StartModule, 1> modules{{{device_page().address(), chaos::page_size}}};
    const std::array<chaos::xen::MemoryRange, 2> memory_map{{
        {0, 0x10000, chaos::xen::MemoryKind::ram},
        {first_.address(), pages * chaos::page_size, chaos::xen::MemoryKind::reserved},
    }};
    const chaos::xen::StartInfo info{modules, memory_map, command_line, 0};
    if (!chaos::xen::write_start_info(page(start_info()), start_info().address(), info))
        throw std::runtime_error("the start info does not fit");
}

GuestMachine::~GuestMachine() {
    ::munmap(page(first_), pages * chaos::page_size);
}

void GuestMachine::boot() const {
    unikernel::the_boot_info = {};
    unikernel::the_boot_info.read(start_info().address());
}

void GuestMachine::deliver(std::uint32_t port) {
    unikernel::run_handlers(port);
}

std::vector<std::uint32_t> GuestMachine::take_notifications() {
    return std::exchange(unikernel::notifications, {});
}
