// SPDX-License-Identifier: BSD-3-Clause
// What vifs are plugged into: finds out whether a name is one of xendevd's own switches, a Linux bridge or an Open vSwitch
// bridge, and makes the device there.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/xen/grant_table.hpp"
#include "xendevd/event_loop.hpp"
#include "xendevd/log.hpp"
#include "xendevd/vif/netlink.hpp"
#include "xendevd/vif/open_vswitch.hpp"
#include "xendevd/vif/switch.hpp"
#include "xendevd/vif/tap.hpp"
#include "xendevd/vif/vif.hpp"
#include "xendevd/vif/workspace.hpp"

namespace xendevd {

class Networks {
  public:
    /// `switches` are NAME[=ADDRESS/PREFIX], as on the command line; each gets its TAP device on the host. An empty
    /// `default_bridge` means the only switch, else xenbr0. The others outlive it.
    static chaos::Result<std::unique_ptr<Networks>> open(EventLoop& loop, chaos::xen::GrantTable& grants,
                                                         Log& log, const std::vector<std::string>& switches,
                                                         const std::string& default_bridge);
    ~Networks();

    enum class Kind : std::uint8_t { linux_bridge, open_vswitch, own_switch };
    /// What a vif is plugged into.
    struct Place {
        Kind kind = Kind::linux_bridge;
        std::string name;
        Switch* own_switch = nullptr;
    };
    /// Fails with not_found and advice if there is no such bridge.
    chaos::Result<Place> find(const std::string& bridge);

    /// Makes the TAP device of a vif, or takes over the one that a former xendevd left, and puts it on a bridge. Fails with
    /// name_taken, not_found, or system if the bridge is full.
    chaos::Result<Tap> make_tap(const Place& place, chaos::DomainId domain, const VifSettings& settings);
    /// Removes the TAP device and its port unless keep_devices() was called.
    void give_back(const Place& place, Tap& tap);

    /// Removes what a former xendevd left of vifs that `is_known` does not know. For the start: it looks at every
    /// interface of the host.
    chaos::Result<void>
    remove_leftovers(const std::function<bool(chaos::DomainId, std::uint16_t id)>& is_known);
    /// From now on devices stay on the host when their vifs go: this process ends, and the next will want them.
    void keep_devices();

    [[nodiscard]] Workspace& workspace() { return workspace_; }

  private:
    Networks(Netlink netlink, chaos::xen::GrantTable& grants, chaos::xen::OwnPages own_pages)
        : netlink_(std::move(netlink)), workspace_(grants, std::move(own_pages)) {}
    chaos::Result<void> plug_in(const Place& place, const LinkSettings& settings, const std::string& tap);
    [[nodiscard]] chaos::Error explain(chaos::Error problem, const Place& place) const;

    Netlink netlink_;
    OpenVswitch open_vswitch_;
    Workspace workspace_;
    std::string default_bridge_;
    std::vector<std::unique_ptr<Switch>> switches_;
    std::map<std::string, unsigned> bridges_; ///< Linux bridges seen so far, by name: their indices
    bool keeps_devices_ = false;
};

} // namespace xendevd
