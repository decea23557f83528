// SPDX-License-Identifier: BSD-3-Clause
// The devices of a guest as asked for: one struct for each item of xl's vif=[…] and disk=[…].
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libchaos/result.hpp"

namespace chaos {

using MacAddress = std::array<std::uint8_t, 6>;
using Ipv4Address = std::array<std::uint8_t, 4>; ///< in network order

/// A limit of what flows per time. Each of the two may be 0: unlimited. A burst of one interval's worth may pass at
/// once.
struct RateLimit {
    std::uint64_t bytes_per_second = 0;
    std::uint64_t operations_per_second = 0; ///< vif: packets; vbd: requests
    std::uint32_t interval_us = 50'000;      ///< xl's default for `rate=`

    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// One item of vif=[…] (xl-network-configuration(5)).
struct VifConfig {
    /// Drawn at random in Xen's range 00:16:3e at creation if absent.
    std::optional<MacAddress> mac;
    /// A Linux bridge, an Open vSwitch bridge, or a switch of xendevd's own; empty: xendevd's default.
    std::string bridge;
    std::optional<std::uint16_t> vlan; ///< `bridge=NAME.TAG`: 1 to 4094
    /// Name of the TAP device; empty: vif<domain>.<id>. No TAP exists on xendevd's own switch.
    std::string device_name;
    std::uint16_t mtu = 0; ///< 68 to 65535; 0: that of the bridge, or 1500
    std::optional<Ipv4Address> ipv4;
    std::uint8_t ipv4_prefix = 0;       ///< `ip=10.0.0.2/24`; 24 if the address comes without one
    std::optional<Ipv4Address> gateway; ///< `gateway=`, an extension of chaos
    RateLimit rate;                     ///< from the guest, as xl's `rate=`; `pps=` is an extension of chaos

    friend bool operator==(const VifConfig&, const VifConfig&) = default;
};

/// One item of disk=[…] (xl-disk-configuration(5)): a raw file or a block device.
struct DiskConfig {
    std::string path;        ///< as written, so that a relative one is looked up as that of a kernel is
    std::string device_name; ///< `vdev`: "xvda", "xvdb1", "hda", "sda"
    bool read_only = false;
    bool direct = false; ///< bypass dom0's page cache (O_DIRECT); an extension of chaos
    bool discard = true; ///< `discard`, `no-discard`
    RateLimit rate;      ///< `rate=`, `iops=`: extensions of chaos

    friend bool operator==(const DiskConfig&, const DiskConfig&) = default;
};

/// Which store a guest that knows only XenStore gets (`store=`).
enum class StoreMode : std::uint8_t {
    automatic, ///< none for kernels with the noxs note, private for others if xendevd runs
    none,
    private_store, ///< xendevd answers this one guest (docs/decisions)
    xenstore,      ///< the host's xenstored, and the kernel's back-ends
};

/// Reads one item of vif=[…]: "mac=00:16:3e:01:02:03,bridge=xenbr0,ip=10.0.0.2/16,rate=10Mb/s@50ms". The error says which
/// part is wrong, why, and what would be right.
Result<VifConfig> parse_vif(std::string_view text);
/// Reads one item of disk=[…], positional or by key: "/dev/vg/web,raw,xvda,rw", "phy:/dev/vg/web,xvda,w",
/// "format=raw,vdev=xvda,access=rw,target=/srv/web.img".
Result<DiskConfig> parse_disk(std::string_view text);

/// Whether a configuration that came from elsewhere keeps what is promised above and could have been parsed.
Result<void> check_vif(const VifConfig& vif);
Result<void> check_disk(const DiskConfig& disk);

/// What xl calls the virtual device number of a disk name (docs/man/xen-vbd-interface.7 in Xen): xvda = 202 << 8.
Result<std::uint32_t> virtual_device_number(std::string_view device_name);

/// "00:16:3e:01:02:03"
std::string to_text(const MacAddress& mac);
Result<MacAddress> parse_mac(std::string_view text);
/// An address in Xen's range 00:16:3e, drawn by getrandom(2).
MacAddress random_mac();

/// "10.0.0.2"
std::string to_text(const Ipv4Address& address);
Result<Ipv4Address> parse_ipv4(std::string_view text);

} // namespace chaos
