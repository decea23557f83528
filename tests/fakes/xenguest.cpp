// SPDX-License-Identifier: BSD-3-Clause
// In place of libxenguest's domain builder: the same steps in the same order, over a PV guest that is little
// more than its memory with the kernel file at frame 256.
#include <cerrno>
#include <cstring>
#include <vector>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

extern "C" {
#include <xenguest.h>
}

using chaos::fakes::Domain;
using chaos::fakes::Frame;
using chaos::fakes::frame_size;
using chaos::fakes::MachineMemory;
using chaos::fakes::xen;

namespace {

constexpr std::size_t kernel_frame = 256; // where PV kernels are linked to lie: 1 MiB

xc_error last_error{};

/// What xc_dom_image has no place for.
struct Building : xc_dom_image {
    std::string command_line;
    std::vector<xen_pfn_t> p2m;
    std::vector<Frame> frames;
    void* mapped = nullptr;
    int steps_done = 0;
};

Building* building(xc_dom_image* image) {
    return static_cast<Building*>(image);
}

int panic(xc_error_code code, const char* words) {
    last_error.code = code;
    std::snprintf(last_error.message, sizeof last_error.message, "panic: xg_fake.c:1: xc_dom_fake: %s",
                  words);
    return -1;
}

/// Notes the call and whether it is the next step; -1 if it fails.
int step(xc_dom_image* image, const char* call, int number) {
    if (xen().fails(call))
        return panic(XC_INTERNAL_ERROR, "made to fail");
    if (building(image)->steps_done != number - 1)
        xen().complain(std::string(call) + " is out of order");
    building(image)->steps_done = number;
    return 0;
}

} // namespace

extern "C" {

const xc_error* xc_get_last_error(xc_interface*) {
    return &last_error;
}

void xc_clear_last_error(xc_interface*) {
    last_error = {};
}

xc_dom_image* xc_dom_allocate(xc_interface*, const char* command_line, const char*) {
    if (xen().fails("xc_dom_allocate"))
        return nullptr;
    ++xen().handles;
    auto* made = new Building{};
    made->command_line = command_line;
    return made;
}

void xc_dom_release(xc_dom_image* image) {
    xen().note("xc_dom_release");
    Building* built = building(image);
    if (built->mapped) {
        MachineMemory::unmap(built->mapped, built->frames.size());
        Domain& domain = *xen().find(static_cast<std::uint16_t>(built->guest_domid));
        domain.mapped -= built->frames.size();
        xen().forget_if_unmapped(domain);
    }
    --xen().handles;
    delete built;
}

bool xc_dom_translated(const xc_dom_image* image) {
    return image->container_type != xc_dom_image::XC_DOM_PV_CONTAINER;
}

int xc_dom_kernel_mem(xc_dom_image* image, const void* bytes, std::size_t size) {
    if (step(image, "xc_dom_kernel_mem", 1) != 0)
        return -1;
    image->kernel_blob = const_cast<void*>(bytes);
    image->kernel_size = size;
    return 0;
}

int xc_dom_module_mem(xc_dom_image* image, const void* bytes, std::size_t size, const char*) {
    building(image)->steps_done = 0; // it may come between the kernel and the rest
    if (step(image, "xc_dom_module_mem", 1) != 0)
        return -1;
    image->num_modules = 1;
    image->modules[0].blob = const_cast<void*>(bytes);
    image->modules[0].size = size;
    return 0;
}

int xc_dom_boot_xen_init(xc_dom_image* image, xc_interface*, std::uint32_t id) {
    if (step(image, "xc_dom_boot_xen_init", 2) != 0)
        return -1;
    image->guest_domid = id;
    return xen().target(id) ? 0 : panic(XC_INTERNAL_ERROR, "no such domain");
}

int xc_dom_parse_image(xc_dom_image* image) {
    if (step(image, "xc_dom_parse_image", 3) != 0)
        return -1;
    return std::memcmp(image->kernel_blob, "\177ELF", 4) == 0 ? 0
                                                              : panic(XC_INVALID_KERNEL, "not an ELF binary");
}

int xc_dom_mem_init(xc_dom_image* image, unsigned) {
    return step(image, "xc_dom_mem_init", 4);
}

int xc_dom_boot_mem_init(xc_dom_image* image) {
    if (step(image, "xc_dom_boot_mem_init", 5) != 0)
        return -1;
    Building* built = building(image);
    Domain* domain = xen().target(image->guest_domid);
    if (!domain || image->total_pages > domain->maximum_pages ||
        image->total_pages > xen().memory.free_frames() - (xen().outstanding_pages() - domain->claimed_pages))
        return panic(XC_OUT_OF_MEMORY, "failed to allocate guest memory");
    for (std::uint64_t page = 0; page < image->total_pages; ++page) {
        const Frame frame = *xen().memory.allocate();
        domain->memory.add(page, frame);
        built->frames.push_back(frame);
        built->p2m.push_back(frame);
    }
    domain->claimed_pages = 0;
    image->pv_p2m = built->p2m.data();
    return 0;
}

int xc_dom_build_image(xc_dom_image* image) {
    if (step(image, "xc_dom_build_image", 6) != 0)
        return -1;
    Building* built = building(image);
    const std::size_t kernel_pages = (image->kernel_size + frame_size - 1) / frame_size;
    const std::size_t module_pages = image->num_modules ? image->modules[0].size / frame_size : 0;
    const std::size_t needed = kernel_frame + kernel_pages + module_pages + 3;
    if (needed > image->total_pages)
        return panic(XC_OUT_OF_MEMORY, "segment does not fit");
    built->mapped = xen().memory.map(built->frames);
    xen().find(static_cast<std::uint16_t>(image->guest_domid))->mapped += built->frames.size();
    auto* memory = static_cast<std::byte*>(built->mapped);
    std::memcpy(memory + kernel_frame * frame_size, image->kernel_blob, image->kernel_size);
    if (image->num_modules)
        std::memcpy(memory + (kernel_frame + kernel_pages) * frame_size, image->modules[0].blob,
                    image->modules[0].size);
    image->start_info_pfn = needed - 2;
    image->xenstore_pfn = needed - 3;
    std::memset(memory + image->xenstore_pfn * frame_size, 0, frame_size);
    image->console_pfn = needed - 1;
    std::memset(memory + image->console_pfn * frame_size, 0, frame_size);
    std::strncpy(reinterpret_cast<char*>(memory + image->start_info_pfn * frame_size),
                 built->command_line.c_str(), 1023);
    return 0;
}

int xc_dom_boot_image(xc_dom_image* image) {
    if (step(image, "xc_dom_boot_image", 7) != 0)
        return -1;
    xen().find(static_cast<std::uint16_t>(image->guest_domid))->context = "pv";
    return 0;
}

} // extern "C"
