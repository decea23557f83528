// SPDX-License-Identifier: BSD-3-Clause
// What a stock guest finds in its private store when it boots, besides its devices: what it would find under xl.
#pragma once

#include <cstdint>
#include <string>

#include "libchaos/config/uuid.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/store/changes.hpp"

namespace xendevd {

struct StoreSettings {
    chaos::DomainId domain{};
    chaos::Uuid uuid;
    std::string name;
    chaos::EventChannelPort port{}; ///< the guest's
    chaos::GrantReference grant{};  ///< of the ring page
    std::uint32_t vcpus = 1;
    std::uint64_t memory_kib = 0;
};

StoreChanges guest_keys(const StoreSettings& settings);

} // namespace xendevd
