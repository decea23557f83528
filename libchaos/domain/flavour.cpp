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

/// Devices take a channel each; what was set aside for the guest's own use stays there.
constexpr std::uint32_t with_devices(std::uint32_t channels, std::uint32_t devices) {
    constexpr std::uint32_t few = 32; // fit into what every guest has
    return devices <= few ? channels : channels + devices;
}

/// A stock Linux grants a page for each of the 256 receive requests and up to 18 for each of as many transmit requests of
/// a vif, and a thousand for a vbd. The limit costs nothing: Xen gives frames when the guest asks for them.
constexpr std::uint32_t grant_frames_of_stock_devices = 64;

} // namespace

Flavour flavour_of(const GuestConfig& config, const KernelHeaders& headers, bool device_server) {
    return flavour_of(config, headers, device_server, config.disks.size());
}

Flavour flavour_of(const GuestConfig& config, const KernelHeaders& headers, bool device_server,
                   std::size_t disks) {
    Flavour flavour;
    flavour.type = config.type;
    flavour.platform =
        config.type == GuestType::pvh && headers.noxs_version ? Platform::noxs : Platform::stock;
    flavour.memory_kib = config.memory_kib;
    flavour.vcpus = config.vcpus;
    flavour.cpus = config.cpus;
    flavour.cpus_soft = config.cpus_soft;
    flavour.cpu_pool = config.cpu_pool;
    flavour.max_event_channels = config.max_event_channels;
    if (flavour.platform == Platform::stock)
        flavour.max_event_channels = std::max(config.max_event_channels, stock_channels(config.vcpus));
    flavour.max_grant_frames = config.max_grant_frames;
    flavour.xenstore = config.store == StoreMode::xenstore;
    if (flavour.xenstore) {
        if (flavour.platform == Platform::stock)
            flavour.max_grant_frames = std::max(config.max_grant_frames, grant_frames_of_stock_devices);
    } else if (flavour.platform == Platform::noxs) {
        flavour.vifs = static_cast<std::uint32_t>(config.vifs.size());
        flavour.vbds = static_cast<std::uint32_t>(disks);
        flavour.max_event_channels = with_devices(flavour.max_event_channels, flavour.vifs + flavour.vbds);
    } else if (config.store == StoreMode::private_store ||
               (config.store == StoreMode::automatic && device_server)) {
        flavour.private_store = true;
        flavour.max_grant_frames = std::max(config.max_grant_frames, grant_frames_of_stock_devices);
    }
    return flavour;
}

} // namespace chaos
