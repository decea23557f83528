// SPDX-License-Identifier: BSD-3-Clause
// What is left to a vif's other side on transmit: the checksum of TCP and UDP, and cutting TCP into segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace unikernel::net {

struct Offload {
    bool checksum_is_blank = false;
    std::uint16_t segment_size = 0;
};

/// Looks at the first bytes of an Ethernet frame of `size` bytes, all headers among them. For TCP and UDP over IPv4 puts
/// the pseudo header's sum into the checksum field, as xen/io/netif.h wants it for a blank checksum. A frame of TCP whose
/// payload exceeds `mtu` is to be cut.
Offload prepare_offload(std::span<std::uint8_t> headers, std::size_t size, std::size_t mtu);

} // namespace unikernel::net
