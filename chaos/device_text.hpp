// SPDX-License-Identifier: BSD-3-Clause
// The devices of a guest as xl's users know them: the rows of network-list and block-list, and the same as JSON.
#pragma once

#include <string>

#include "chaos/json.hpp"
#include "chaos/verb.hpp"
#include "libchaos/devices/protocol.hpp"

namespace chaos::cli {

/// The headings of the two lists, with their line ends.
extern const char* const network_list_heading;
extern const char* const block_list_heading;
/// One row, with its line end. What is not known (yet) is shown as -1, as xl does.
std::string network_list_row(const devices::DeviceStatus& vif);
std::string block_list_row(const devices::DeviceStatus& vbd);

/// The number that XenStore has for the state: 1 for a device that nobody serves yet, 4 for one in use.
int xenbus_state(std::string_view state);

/// {id, state, counters, and what else xendevd tells of it}.
Json json_of(const devices::DeviceStatus& device);
Json json_of(const devices::Counters& counters);

/// What --json prints of a device; network-list and block-list share these.
inline constexpr JsonField device_fields[] = {
    {"guests[].name", "The guest's name; this and the next two are missing if it was not found."},
    {"guests[].id", "Its domain id."},
    {"guests[].uuid", "Its UUID."},
    {"guests[].error", "Why its devices could not be listed: kind, message and advice as below."},
    {"guests[].devices[].id", "The device's number; of a disk of a stock guest, its virtual device number."},
    {"guests[].devices[].state",
     "waiting (the guest has not taken it into use), connected, closing, closed, failed (the guest broke the "
     "protocol), or absent (xendevd does not serve it; detach it, or attach it again)."},
    {"guests[].devices[].counters",
     "from_guest_bytes and to_guest_bytes, from_guest_operations and to_guest_operations (frames; for a disk, "
     "writes and reads), from_guest_dropped and to_guest_dropped, errors."},
    {"guests[].devices[].event_channel, tx_ring_ref, rx_ring_ref, ring_ref",
     "The guest's port, and the grant references of its rings: two of a vif, one of a disk (of a ring of several pages "
     "the first). They are missing as long as the guest has not told them."},
    {"guests[].devices[].mac, bridge, path, ...", "What there is to tell of a device of its kind."},
};

} // namespace chaos::cli
