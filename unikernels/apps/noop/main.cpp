// SPDX-License-Identifier: BSD-3-Clause
// The smallest guest: it says that it is up, and waits to be told to end.
#include "runtime.hpp"

void unikernel::app_main(const BootInfo&) {
    ready();
    block_forever();
}
