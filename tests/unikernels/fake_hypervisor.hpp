// SPDX-License-Identifier: BSD-3-Clause
// What a front end needs beneath it, on the host: pages, a grant table that a back-end can look pages up in, and counted
// events.
#pragma once

#include "unikernels/runtime/devices.hpp"
#include "unikernels/runtime/grant_table.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace fake_hypervisor {

struct Grant {
    std::uint16_t domain;
    std::byte* page;
};

inline std::map<unikernel::GrantReference, Grant> grants;
inline std::size_t pages_in_use = 0;
inline std::size_t events_sent = 0;
inline std::size_t handlers_bound = 0;
/// As if the back-end still had everything mapped.
inline bool grants_are_in_use = false;

/// The device page, as far as front ends look at it: when its generation moves they look for their device.
inline std::uint32_t generation = 2;
inline std::optional<unikernel::Device> listed_vif;

/// Where the granted page lies; the test fails hard if nothing was granted.
inline std::byte* granted_page(unikernel::GrantReference reference) {
    return grants.at(reference).page;
}

} // namespace fake_hypervisor
