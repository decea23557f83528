// SPDX-License-Identifier: BSD-3-Clause
// A library that, loaded in front of all others, tells where the time of `xl create` goes: it stands between xl, libxl and
// Xen's libraries and takes the time of the calls from one to the other.
//
//   config      from main() to the creation: reading xl.conf and the guest's configuration
//   hypervisor  ioctls of Xen's devices
//   store       calls of libxenstore, so the waits for xenstored's answers, too
//   devices     starting hotplug scripts, and all that libxl waits for in poll(): those scripts and the back-ends' states
//   load        libxenguest's domain builder, less its hypercalls: the kernel's way from its file into the guest
//   toolstack   the rest of libxl and xl
//   process     exec of the wrapper script and of xl, dynamic linking, and the end
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>

#include <cstring>

#include "tests/bench/figures/categories.hpp"

namespace {

using bench::Category;
using bench::During;
using bench::Passed;
using bench::Returned;

bool created = false;

template<typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

__attribute__((constructor)) void begin() {
    if (std::strcmp(program_invocation_short_name, "xl") != 0)
        return;               // its wrapper
    ::unsetenv("LD_PRELOAD"); // not for what it starts
    bench::category_clock.begin(Category::config);
}

__attribute__((destructor)) void end() {
    bench::category_clock.end();
}

} // namespace

#define TAKE_TIME_OF(category, name)                                                                         \
    Returned name(Passed a, Passed b, Passed c, Passed d, Passed e, Passed f) {                              \
        static auto* const real = next<Returned(Passed, Passed, Passed, Passed, Passed, Passed)>(#name);     \
        const During during(Category::category);                                                             \
        return real(a, b, c, d, e, f);                                                                       \
    }

extern "C" {

TAKE_TIME_OF(store, xs_open)
TAKE_TIME_OF(store, xs_close)
TAKE_TIME_OF(store, xs_directory)
TAKE_TIME_OF(store, xs_read)
TAKE_TIME_OF(store, xs_write)
TAKE_TIME_OF(store, xs_mkdir)
TAKE_TIME_OF(store, xs_rm)
TAKE_TIME_OF(store, xs_get_permissions)
TAKE_TIME_OF(store, xs_set_permissions)
TAKE_TIME_OF(store, xs_watch)
TAKE_TIME_OF(store, xs_unwatch)
TAKE_TIME_OF(store, xs_check_watch)
TAKE_TIME_OF(store, xs_read_watch)
TAKE_TIME_OF(store, xs_transaction_start)
TAKE_TIME_OF(store, xs_transaction_end)
TAKE_TIME_OF(store, xs_introduce_domain)
TAKE_TIME_OF(store, xs_release_domain)
TAKE_TIME_OF(store, xs_get_domain_path)
TAKE_TIME_OF(store, xs_is_domain_introduced)

TAKE_TIME_OF(load, xc_dom_allocate)
TAKE_TIME_OF(load, xc_dom_release)
TAKE_TIME_OF(load, xc_dom_kernel_file)
TAKE_TIME_OF(load, xc_dom_kernel_mem)
TAKE_TIME_OF(load, xc_dom_module_file)
TAKE_TIME_OF(load, xc_dom_module_mem)
TAKE_TIME_OF(load, xc_dom_parse_image)
TAKE_TIME_OF(load, xc_dom_mem_init)
TAKE_TIME_OF(load, xc_dom_boot_xen_init)
TAKE_TIME_OF(load, xc_dom_boot_mem_init)
TAKE_TIME_OF(load, xc_dom_build_image)
TAKE_TIME_OF(load, xc_dom_boot_image)
TAKE_TIME_OF(load, xc_dom_gnttab_init)

TAKE_TIME_OF(toolstack, libxl_ctx_alloc)
TAKE_TIME_OF(toolstack, libxl_ctx_free)
TAKE_TIME_OF(toolstack, libxl_domain_unpause)

Returned libxl_domain_create_new(Passed a, Passed b, Passed c, Passed d, Passed e, Passed f) {
    static auto* const real =
        next<Returned(Passed, Passed, Passed, Passed, Passed, Passed)>("libxl_domain_create_new");
    if (bench::category_clock.applies())
        bench::category_clock.enter(Category::toolstack); // and so it stays
    const Returned result = real(a, b, c, d, e, f);
    created = true;
    return result;
}

int ioctl(int file, unsigned long request, ...) {
    static auto* const real = next<int(int, unsigned long, void*)>("ioctl");
    va_list rest;
    va_start(rest, request);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    if (!bench::is_xens(request))
        return real(file, request, argument);
    const During during(Category::hypervisor);
    return real(file, request, argument);
}

int poll(pollfd* files, nfds_t count, int timeout) {
    static auto* const real = next<int(pollfd*, nfds_t, int)>("poll");
    const During during(Category::devices);
    return real(files, count, timeout);
}

// Not `During`: it returns twice, and the child is nobody to be looked at.
pid_t fork() noexcept {
    static auto* const real = next<pid_t()>("fork");
    if (created || !bench::category_clock.applies())
        return real();
    const Category before = bench::category_clock.enter(Category::devices);
    const pid_t child = real();
    if (child != 0)
        bench::category_clock.enter(before);
    return child;
}
}
