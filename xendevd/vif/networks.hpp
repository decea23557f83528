// SPDX-License-Identifier: BSD-3-Clause
// What vifs are plugged into: xendevd's own switches, and the host's bridges. The host is slow to make devices and slower to
// remove them (docs/decisions/14-a-thread-for-the-hosts-network.md), so that happens in a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/xen/grant_table.hpp"
#include "xendevd/event_loop.hpp"
#include "xendevd/log.hpp"
#include "xendevd/vif/addresses.hpp"
#include "xendevd/vif/bridges.hpp"
#include "xendevd/vif/switch.hpp"
#include "xendevd/vif/vif.hpp"
#include "xendevd/vif/workspace.hpp"
#include "xendevd/worker.hpp"

namespace xendevd {

class Networks {
  public:
    /// `switches` are NAME[=ADDRESS/PREFIX], as on the command line; each gets its TAP device on the host. An empty
    /// `default_bridge` means the only switch, else xenbr0. The others outlive it.
    static chaos::Result<std::unique_ptr<Networks>> open(EventLoop& loop, chaos::xen::GrantTable& grants,
                                                         Log& log, const std::vector<std::string>& switches,
                                                         const std::string& default_bridge);
    ~Networks();

    using Kind = Bridges::Kind;
    using Place = Bridges::Place;
    using End = Bridges::End;
    using Made = std::function<void(chaos::Result<std::vector<End>>)>;
    /// Starts the thread that makes and removes TAP devices; until then the caller waits for them.
    chaos::Result<void> start_worker() { return worker_->start(); }

    /// Makes what vifs of `domain` need on the host, all of it or nothing, and passes it to `made`, one for each vif: in a
    /// later turn of the loop if anything is waited for. Fails with not_found and advice if there is no such bridge,
    /// name_taken, or system if the bridge is full.
    void make_ends(chaos::DomainId domain, std::vector<VifSettings> vifs, Made made);
    /// Removes the TAP device and its port soon, unless keep_devices() was called; what is made later is made after that.
    void give_back(End end);

    /// Puts an interface that the kernel has made on a bridge of the host, and tells `then` whether that is one of Open
    /// vSwitch: its port is to be removed when the interface has gone.
    void connect_interface(HostInterface interface, std::function<void(const chaos::Result<bool>&)> then);
    void remove_port(const std::string& interface);

    /// Removes what a former xendevd left of vifs that `is_known` does not know. For the start: it looks at every
    /// interface of the host.
    chaos::Result<void>
    remove_leftovers(const std::function<bool(chaos::DomainId, std::uint16_t id)>& is_known);
    /// From now on devices stay on the host when their vifs go: this process ends, and the next will want them.
    void keep_devices();

    [[nodiscard]] Workspace& workspace() { return workspace_; }
    [[nodiscard]] Addresses& addresses() { return addresses_; }

  private:
    Networks(Netlink netlink, chaos::xen::GrantTable& grants, chaos::xen::OwnPages own_pages,
             std::unique_ptr<Worker> worker)
        : workspace_(grants, std::move(own_pages)), bridges_(std::move(netlink)), worker_(std::move(worker)) {
    }
    [[nodiscard]] Switch* own_switch(const std::string& name) const;
    void remove_now(std::vector<End> ends);

    Workspace workspace_;
    Addresses addresses_;
    std::string default_bridge_;
    std::vector<std::unique_ptr<Switch>> switches_;
    bool keeps_devices_ = false;

    Bridges bridges_; ///< the worker's, once it has been started
    std::mutex leaving_lock_;
    std::vector<End> leaving_;       ///< to be removed, all at once: there is a job for them
    std::unique_ptr<Worker> worker_; ///< last: its jobs use the others until it has ended
};

} // namespace xendevd
