// SPDX-License-Identifier: BSD-3-Clause
// Every end is one hypercall.
#include "power.hpp"

#include "console.hpp"
#include "cpu.hpp"
#include "hypercall.hpp"

namespace unikernel {

namespace {

[[noreturn]] void shut_down(unsigned int reason) {
    disable_interrupts();
    sched_shutdown request{reason};
    scheduler_op(SCHEDOP_shutdown, &request);
    // The hypervisor does not come back; a machine without one stops here.
    for (;;) {
        asm volatile("hlt");
    }
}

} // namespace

void power_off() {
    shut_down(SHUTDOWN_poweroff);
}

void reboot() {
    shut_down(SHUTDOWN_reboot);
}

void end_as_crashed() {
    shut_down(SHUTDOWN_crash);
}

void panic(const char* reason) {
    disable_interrupts();
    speak_at_any_cost();
    print("*** panic: {}\n", reason);
    end_as_crashed();
}

void fault() {
    for (;;) {
        asm volatile("ud2");
    }
}

} // namespace unikernel
