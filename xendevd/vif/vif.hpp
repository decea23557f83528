// SPDX-License-Identifier: BSD-3-Clause
// The back-end of a network device: Xen's netif rings on one side, a TAP device or a port of an own switch on the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/vif/bridges.hpp"

namespace xendevd {

class Switch;

struct VifSettings {
    std::uint16_t id = 0; ///< counts a guest's vifs from 0
    std::string name;     ///< for messages: "vif 0 of guest web (32700)"
    chaos::MacAddress mac{};
    std::string bridge;                ///< empty: the default of Networks
    std::optional<std::uint16_t> vlan; ///< 1 to 4094
    std::string device_name;           ///< of the TAP; empty: vif<domain>.<id>
    std::uint16_t mtu = 1500;
    chaos::RateLimit rate; ///< of what the guest sends
};

/// A vif at its end on the host, from Networks::make_ends(), which it gives back when it goes; the guest is not looked at
/// before connect(). Fails with name_taken if another vif there has its address, and gives the end back then. `daemon` outlives
/// the device.
chaos::Result<std::unique_ptr<Backend>> make_vif(Daemon& daemon, Bridges::End end,
                                                 const VifSettings& settings);

/// For tests: a vif on a TAP device, or on a socket that stands for one, that is on no bridge.
std::unique_ptr<Backend> make_vif_on_tap(Daemon& daemon, Tap tap, const VifSettings& settings);

/// A vif on a switch of xendevd's own. Fails with name_taken if another has its address.
chaos::Result<std::unique_ptr<Backend>> make_vif_on_switch(Daemon& daemon, Switch& own_switch,
                                                           const VifSettings& settings);

} // namespace xendevd
