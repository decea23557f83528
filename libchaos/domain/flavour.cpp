// SPDX-License-Identifier: BSD-3-Clause
// From a configuration and a kernel to the flavour they need.
#include "libchaos/domain/flavour.hpp"

namespace chaos {

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
    flavour.max_grant_frames = config.max_grant_frames;
    return flavour;
}

} // namespace chaos
