// SPDX-License-Identifier: BSD-3-Clause
// Tells where the time of `chaos create` goes: linked into a chaos of its own, with --wrap for each function of
// chaos_calls.txt, it takes the time of the calls from one part of chaos to another. The categories are those of xl_calls.cpp:
//
//   config      reading the guest's configuration
//   hypervisor  ioctls of Xen's devices, and mapping the guest's memory
//   store       the record and the name under /run/chaos, which is what chaos has instead of a XenStore; and xenstored, of
//               guests that are registered there
//   devices     asking xendevd to serve the guest, waiting until a back-end of the kernel's is connected
//   load        opening and checking the kernel, and its way into the guest
//   toolstack   the rest of chaos and libchaos
//   process     exec and the end
#include <stdarg.h>

#include "tests/bench/figures/categories.hpp"

namespace {

using bench::Category;
using bench::During;
using bench::Passed;
using bench::Returned;

__attribute__((constructor)) void begin() {
    bench::category_clock.begin(Category::toolstack);
}

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. __real_NAME does not link where there is no NAME any more.
#define TAKE_TIME_OF(category, name)                                                                         \
    Returned __real_##name(Passed, Passed, Passed, Passed, Passed, Passed);                                  \
    Returned __wrap_##name(Passed a, Passed b, Passed c, Passed d, Passed e, Passed f) {                     \
        const During during(Category::category);                                                             \
        return __real_##name(a, b, c, d, e, f);                                                              \
    }

extern "C" {

#include "chaos_calls.inc"

// chaos ends without destructors.
[[noreturn]] void __real__exit(int status);
[[noreturn]] void __wrap__exit(int status) {
    bench::category_clock.end();
    __real__exit(status);
}

int __real_ioctl(int file, unsigned long request, ...);
int __wrap_ioctl(int file, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    if (!bench::is_xens(request))
        return __real_ioctl(file, request, argument);
    const During during(Category::hypervisor);
    return __real_ioctl(file, request, argument);
}
}
// NOLINTEND(bugprone-reserved-identifier)
