// SPDX-License-Identifier: BSD-3-Clause
// Burns CPU for ever, and yet ends when asked to.
#include "runtime.hpp"

void unikernel::app_main(const BootInfo&) {
    ready();
    for (;;) {
        asm volatile("");
    }
}
