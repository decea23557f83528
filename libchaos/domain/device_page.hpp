// SPDX-License-Identifier: BSD-3-Clause
// Writing a guest's device page, and talking over its system device, from the toolstack's side
// (docs/noxs.md).
#pragma once

#include <cstddef>

#include "libchaos/state/record.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos {

/// Grant references that name the control pages; Xen reserves 0 to 7 (xen/grant_table.h).
constexpr GrantReference system_grant{8};
constexpr GrantReference console_grant{9};

/// What a device page tells its guest.
struct DevicePageContents {
    DomainId domain{};
    DeviceLocation system;
    DeviceLocation console;
};

/// Fills the three pages of a guest that does not run yet, so that nothing of their former owner shows
/// through.
void write_device_page(const DevicePageContents& contents, std::byte* device_page, std::byte* system_page,
                       std::byte* console_page);

/// What a guest says of itself on its system device: copied once and checked, so it may be used.
struct SystemReport {
    bool ready = false;
    bool answered = false; ///< the latest request
    bool accepted = false; ///< valid if answered
};

/// Reads the guest's half of the control page at `page`; `sequence` is the latest request sent. Values that
/// the contract does not know count as "nothing new".
SystemReport read_system_page(const std::byte* page, std::uint32_t sequence);

/// Writes a request (noxs_system_request) and returns its sequence number.
std::uint32_t write_system_request(std::byte* page, std::uint32_t request);

} // namespace chaos
