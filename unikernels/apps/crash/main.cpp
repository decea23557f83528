// SPDX-License-Identifier: BSD-3-Clause
// Faults on purpose, in the way that its command line names, to show what is left of a guest that does.
#include "runtime.hpp"

using namespace unikernel;

namespace {

// Volatile: the compiler must neither see through these nor warn.
constinit volatile std::uint64_t no_address = 0;
constinit volatile std::uint64_t no_canonical_address = 0x8000'0000'0000'0000;
constinit volatile std::uint32_t zero = 0;

std::uint64_t load(std::uint64_t address) {
    return *reinterpret_cast<const volatile std::uint64_t*>(address);
}

void store(std::uint64_t address) {
    *reinterpret_cast<volatile std::uint64_t*>(address) = 1;
}

void divide() {
    zero = 100 / zero;
}

// Never ends by itself; the stack does.
[[gnu::noipa]] std::uint64_t recurse(std::uint64_t depth) {
    volatile std::uint64_t frame[8] = {depth};
    return zero == 0 ? recurse(depth + 1) + frame[0] : 0;
}

} // namespace

void unikernel::app_main(const BootInfo& boot) {
    if (!boot.has_option("early")) {
        ready();
    }
    if (boot.has_option("divide")) {
        divide();
    } else if (boot.has_option("invalid-opcode")) {
        fault();
    } else if (boot.has_option("general-protection")) {
        load(no_canonical_address);
    } else if (boot.has_option("write-to-code")) {
        store(reinterpret_cast<std::uint64_t>(&recurse));
    } else if (boot.has_option("stack")) {
        recurse(0);
    } else if (boot.has_option("panic")) {
        panic("asked for on the command line");
    }
    load(no_address);
}
