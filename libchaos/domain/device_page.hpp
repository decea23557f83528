// SPDX-License-Identifier: BSD-3-Clause
// Writing a guest's device page, and talking over its system device, from the toolstack's side
// (docs/noxs.md).
#pragma once

#include <cstddef>

#include "libchaos/state/record.hpp"
#include "libchaos/xen/ids.hpp"
#include "noxs/noxs.h"

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

/// Which device an entry is of: its kind, and its number among those of one kind.
struct DeviceName {
    noxs_device_type type = NOXS_DEVICE_NONE;
    std::uint16_t id = 0;
};

/// The place `entry` of a device page, whose control page is `frame`; its grant follows from the contract.
DeviceSlot slot_at(std::uint16_t entry, Gfn frame, EventChannelPort port);

/// Writes the entry of a device whose control page is ready, or takes it away. The guest may run: it sees the page before
/// or after, never in between. At most one process at a time changes a page.
void add_entry(std::byte* device_page, DeviceName device, const DeviceSlot& slot);
void remove_entry(std::byte* device_page, const DeviceSlot& slot);
/// Whether the place has an entry, of this instance. A guest may have written anything there, about itself.
bool has_entry(const std::byte* device_page, const DeviceSlot& slot);

/// Makes a page a control page that nobody has looked at yet.
void clear_control_page(std::byte* page);
/// Says in a control page what the device is. An MTU of 0 becomes the usual 1500.
void write_vif_config(std::byte* page, const VifConfig& vif);
void write_vbd_config(std::byte* page, const DiskConfig& disk, std::uint64_t sectors,
                      std::uint32_t sector_size);

/// What a guest says of itself on its system device: copied once and checked, so it may be used.
struct SystemReport {
    bool ready = false;
    bool answered = false; ///< the latest request
    bool accepted = false; ///< valid if answered
    bool hotplug = false;  ///< it notices devices that come and go
};

/// Reads the guest's half of the control page at `page`; `sequence` is the latest request sent. Values that
/// the contract does not know count as "nothing new".
SystemReport read_system_page(const std::byte* page, std::uint32_t sequence);

/// Writes a request (noxs_system_request) and returns its sequence number.
std::uint32_t write_system_request(std::byte* page, std::uint32_t request);

} // namespace chaos
