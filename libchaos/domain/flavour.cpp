// SPDX-License-Identifier: BSD-3-Clause
// From a configuration and a kernel to the flavour they need.
#include "libchaos/domain/flavour.hpp"

#include <algorithm>

namespace chaos {

namespace {

/// A stock Linux binds five (PVH) or six (PV) event channels per vCPU, and does not come up if it cannot.
constexpr std::uint32_t stock_channels(std::uint32_t vcpus) {
    constexpr std::uint32_t for_each_vcpu = 8;
    constexpr std::uint32_t for_devices = 32;
    return for_each_vcpu * vcpus + for_devices;
}

} // namespace

Flavour flavour_of(const GuestConfig& config, const KernelHeaders& headers) {
    Flavour flavour;
    flavour.type = config.type;
    flavour.platform =
        config.type == GuestType::pvh && headers.noxs_version ? Platform::noxs : Platform::stock;
    flavour.memory_kib = config.memory_kib;
    flavour.vcpus = config.vcpus;
    flavour.cpus = config.cpus;
    flavour.cpus_soft = config.cpus_soft;
    flavour.max_event_channels = config.max_event_channels;
    if (flavour.platform == Platform::stock)
        flavour.max_event_channels = std::max(config.max_event_channels, stock_channels(config.vcpus));
    flavour.max_grant_frames = config.max_grant_frames;
    return flavour;
}

} // namespace chaos
