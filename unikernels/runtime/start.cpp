// SPDX-License-Identifier: BSD-3-Clause
// The first C++ of a unikernel: constructors, the start info, the application, the end.
#include "runtime.hpp"

extern "C" {
using Constructor = void (*)();
extern const Constructor constructors_begin[];
extern const Constructor constructors_end[];

[[noreturn]] void start(std::uint64_t start_info_address);
}

namespace unikernel {

namespace {

constinit BootInfo the_boot_info;

} // namespace

const BootInfo& boot_info() {
    return the_boot_info;
}

void block_forever() {
    for (;;) {
        enable_interrupts_and_halt();
    }
}

} // namespace unikernel

/// Called by entry.S with interrupts off.
void start(std::uint64_t start_info_address) {
    using namespace unikernel;
    the_boot_info.read(start_info_address);
    for (const Constructor* constructor = constructors_begin; constructor != constructors_end;
         ++constructor) {
        (*constructor)();
    }
    app_main(the_boot_info);
    power_off();
}
