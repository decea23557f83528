// SPDX-License-Identifier: BSD-3-Clause
// Building a paravirtual guest with Xen's own domain builder (libxenguest): such a kernel wants page tables,
// a physical-to-machine list and a start info in places that its notes choose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "libchaos/result.hpp"
#include "libchaos/xen/control.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos::xen {

/// What a PV guest is built from.
struct PvImage {
    std::span<const std::byte> kernel; ///< a whole ELF file
    /// A whole number of pages whose last 4 bytes are zero (so the builder takes it as it is, even if it is
    /// compressed), or empty.
    std::span<const std::byte> ramdisk;
    std::string command_line; ///< at most maximum_pv_command_line bytes
    std::uint64_t pages = 0;  ///< of RAM
    std::uint32_t vcpus = 1;
    EventChannelPort console_port{}; ///< the guest's
    EventChannelPort store_port{};   ///< the guest's, or 0: then the kernel finds no store
};

/// Where a PV guest's rings are: machine frames, which is what pages of such a guest are mapped by.
struct PvRings {
    Gfn console;
    Gfn store; ///< meaningless without a store_port
};

/// What a PV start info holds, without its terminating zero.
constexpr std::size_t maximum_pv_command_line = 1023;

/// Gives the domain, which has vCPUs but no memory, its RAM with the image in it, and sets vCPU 0's entry
/// state. Both rings are clear.
///
/// On failure nothing stays mapped; the domain is good for nothing but its destruction. Fails with
/// invalid_image if the builder rejects the kernel, out_of_memory if the host has not `pages`, invalid_config
/// if `pages` cannot hold the image.
Result<PvRings> build_pv(Control& control, DomainId domain, const PvImage& image);

} // namespace chaos::xen
