// SPDX-License-Identifier: BSD-3-Clause
// A flavour: everything about a guest that must be known before its shell can be prepared, and nothing else.
#pragma once

#include <cstdint>
#include <vector>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// What the kernel inside expects to find around it.
enum class Platform : std::uint8_t {
    noxs,  ///< speaks noxs (docs/noxs.md): a device page, nothing of a PC
    stock, ///< an unmodified kernel: CPUID policy, ACPI tables, Xen's own console parameters
};

struct Flavour {
    GuestType type = GuestType::pvh;
    Platform platform = Platform::noxs;
    std::uint64_t memory_kib = 0; ///< a multiple of 4, special pages included
    std::uint32_t vcpus = 1;
    std::vector<CpuSet> cpus;      ///< hard affinity, as in GuestConfig
    std::vector<CpuSet> cpus_soft; ///< soft affinity
    std::uint32_t cpu_pool = 0;
    std::uint32_t max_event_channels = 127;
    std::uint32_t max_grant_frames = 4;
    std::uint32_t vifs = 0;     ///< with control pages: those of a guest that speaks noxs
    std::uint32_t vbds = 0;     ///< the same
    bool private_store = false; ///< a stock guest with a store served by xendevd
    bool xenstore = false;      ///< registered with the host's xenstored

    /// Whether it has a ring to a store.
    [[nodiscard]] bool has_store() const { return private_store || xenstore; }

    friend bool operator==(const Flavour&, const Flavour&) = default;
};

/// The flavour that `config` needs when it runs a kernel with these headers. `device_server` says whether xendevd runs,
/// which decides whether a stock guest gets a store if its configuration leaves it open.
Flavour flavour_of(const GuestConfig& config, const KernelHeaders& headers, bool device_server = false);
/// The same with so many disks, whatever `config` has.
Flavour flavour_of(const GuestConfig& config, const KernelHeaders& headers, bool device_server,
                   std::size_t disks);

} // namespace chaos
