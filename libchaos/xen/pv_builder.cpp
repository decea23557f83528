// SPDX-License-Identifier: BSD-3-Clause
// Driving libxenguest, step by step, and turning what it would print into an Error.
#include "libchaos/xen/pv_builder.hpp"

#include <cerrno>
#include <memory>
#include <string_view>

#include "libchaos/xen/headers.hpp"

extern "C" {
#include <xenguest.h>
}

namespace chaos::xen {

namespace {

struct Release {
    void operator()(xc_dom_image* dom) const { xc_dom_release(dom); } // unmaps what is mapped, too
};
using Builder = std::unique_ptr<xc_dom_image, Release>;

/// The message without the place in libxenguest's source that it starts with:
/// "panic: FILE:LINE: FUNCTION: message".
std::string_view without_origin(std::string_view message) {
    if (!message.starts_with("panic: "))
        return message;
    for (int part = 0; part < 3; ++part) {
        const std::size_t colon = message.find(": ");
        if (colon == message.npos)
            break;
        message.remove_prefix(colon + 2);
    }
    return message;
}

/// The Error of a failed step: in libxenguest's words if it left any, else in those of errno.
Error failure(xc_interface* handle, std::string_view step, int error_number) {
    const xc_error* last = xc_get_last_error(handle);
    const std::string_view message = without_origin(last->message);
    if (message.empty())
        return Error::from_errno(step, error_number ? error_number : EINVAL);
    return Error(ErrorKind::system, std::string(message)).while_doing(step);
}

Result<void> checked(xc_interface* handle, int result, std::string_view step) {
    if (result != 0)
        return failure(handle, step, errno);
    return {};
}

/// All steps, in the order that libxenguest wants them.
Result<void> build(xc_interface* handle, xc_dom_image* dom, DomainId domain, const PvImage& image) {
    TRY(checked(handle, xc_dom_kernel_mem(dom, image.kernel.data(), image.kernel.size()),
                "taking the kernel"));
    if (!image.ramdisk.empty())
        TRY(checked(handle, xc_dom_module_mem(dom, image.ramdisk.data(), image.ramdisk.size(), nullptr),
                    "taking the ramdisk"));
    TRY(checked(handle, xc_dom_boot_xen_init(dom, handle, raw(domain)), "asking Xen what it runs"));
    if (auto parsed = checked(handle, xc_dom_parse_image(dom), "reading the kernel's notes"); !parsed)
        return std::move(parsed.error())
            .as(ErrorKind::invalid_image)
            .advise("Xen's domain builder takes it for no PV kernel that this hypervisor runs.");
    // Its size argument counts MiB; ours need not be whole ones.
    TRY(checked(handle, xc_dom_mem_init(dom, 0), "sizing its memory"));
    dom->total_pages = image.pages;
    if (auto populated = checked(handle, xc_dom_boot_mem_init(dom), "populating its memory"); !populated)
        return std::move(populated.error()).as(ErrorKind::out_of_memory);
    if (auto built = checked(handle, xc_dom_build_image(dom), "laying out its memory"); !built) {
        if (xc_get_last_error(handle)->code == XC_OUT_OF_MEMORY)
            return Error(ErrorKind::invalid_config, "kernel and ramdisk do not fit into " +
                                                        std::to_string(image.pages * page_size / 1024) +
                                                        " KiB of memory")
                .advise("Give the guest more memory.");
        return built;
    }
    return checked(handle, xc_dom_boot_image(dom), "setting its entry state");
}

} // namespace

Result<PvRings> build_pv(Control& control, DomainId domain, const PvImage& image) {
    xc_interface* handle = control.handle();
    xc_clear_last_error(handle);
    errno = 0; // not every failure of libxenguest sets it
    const Builder builder(xc_dom_allocate(handle, image.command_line.c_str(), nullptr));
    if (!builder)
        return Error::from_errno("starting Xen's domain builder", ENOMEM);
    builder->container_type = xc_dom_image::XC_DOM_PV_CONTAINER;
    builder->max_vcpus = image.vcpus;
    builder->console_evtchn = raw(image.console_port);
    builder->console_domid = raw(this_domain);
    builder->xenstore_evtchn = raw(image.store_port);
    builder->xenstore_domid = raw(this_domain);
    TRY(build(handle, builder.get(), domain, image));
    return PvRings{Gfn{xc_dom_p2m(builder.get(), builder->console_pfn)},
                   Gfn{xc_dom_p2m(builder.get(), builder->xenstore_pfn)}};
}

} // namespace chaos::xen
