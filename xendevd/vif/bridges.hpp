// SPDX-License-Identifier: BSD-3-Clause
// Linux bridges and those of Open vSwitch: finds out what a name is, and makes and removes TAP devices there. Its calls
// wait for the kernel and for Open vSwitch's database, so xendevd's worker makes them once the loop runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/vif/netlink.hpp"
#include "xendevd/vif/open_vswitch.hpp"
#include "xendevd/vif/tap.hpp"

namespace xendevd {

class Switch;
struct VifSettings;

/// An interface that the kernel has made for a guest, and what it is to be like.
struct HostInterface {
    std::string name;
    std::string new_name; ///< empty: it keeps its name
    std::string bridge;
    std::optional<std::uint16_t> vlan;
    std::uint16_t mtu = 0; ///< 0: that of the bridge
};

class Bridges {
  public:
    enum class Kind : std::uint8_t { linux_bridge, open_vswitch, own_switch };
    /// What a vif is plugged into.
    struct Place {
        Kind kind = Kind::linux_bridge;
        std::string name;
        Switch* own_switch = nullptr;
    };
    /// A vif's end on the host: a place, and the TAP device there unless it is a switch of xendevd's own.
    struct End {
        Place place;
        std::optional<Tap> tap;
    };

    explicit Bridges(Netlink netlink) : netlink_(std::move(netlink)) {}
    [[nodiscard]] Netlink& netlink() { return netlink_; }
    /// As root: later the database may not let us in.
    void connect_early() { open_vswitch_.connect_early(); }

    /// Makes the TAP device of a vif, or takes over the one that a former xendevd left, and puts it on the bridge `bridge`.
    /// Fails with not_found and advice if there is no such bridge, name_taken, or system if the bridge is full.
    chaos::Result<End> make(const std::string& bridge, chaos::DomainId domain, const VifSettings& settings);
    /// Puts an interface of the host on the bridge, and brings it up. Returns what kind of bridge that is.
    chaos::Result<Kind> connect(const HostInterface& interface);
    void remove_port(const std::string& interface) { (void)open_vswitch_.remove_port(interface).has_value(); }
    /// Removes TAP devices and their ports. It takes the kernel hardly longer for many than for one.
    void remove(std::vector<End> ends);

    /// Removes each device of a former xendevd that `is_known` does not know, by alias and name. For the start: it looks at
    /// every interface of the host.
    chaos::Result<void>
    remove_leftovers(const std::function<bool(chaos::DomainId, std::uint16_t id)>& is_known,
                     const std::function<bool(const std::string& name)>& is_switch);

  private:
    chaos::Result<Place> find(const std::string& name);
    chaos::Result<void> join(const Place& place, LinkSettings settings, const std::string& interface);
    chaos::Result<void> plug_in(const Place& place, const LinkSettings& settings, const std::string& tap);
    [[nodiscard]] static chaos::Error explain(chaos::Error problem, const Place& place);

    Netlink netlink_;
    OpenVswitch open_vswitch_;
    std::map<std::string, unsigned> bridges_; ///< Linux bridges seen so far, by name: their indices
};

} // namespace xendevd
