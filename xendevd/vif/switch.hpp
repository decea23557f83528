// SPDX-License-Identifier: BSD-3-Clause
// A switch of xendevd's own: any number of vifs, and one TAP device by which the host takes part.
//
// Each vif has one address, known when it is plugged in and held to afterwards, so there is nothing to learn and nobody
// to fool: a frame for an address that no vif has can only be for the host's side. What is for all goes to all, except
// questions of ARP, which go to the one who is known to have the answer (neighbours.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"
#include "xendevd/event_loop.hpp"
#include "xendevd/log.hpp"
#include "xendevd/rate_limiter.hpp"
#include "xendevd/vif/frame.hpp"
#include "xendevd/vif/neighbours.hpp"
#include "xendevd/vif/netlink.hpp"
#include "xendevd/vif/tap.hpp"
#include "xendevd/vif/workspace.hpp"

namespace xendevd {

class SwitchPort {
  public:
    explicit SwitchPort(const chaos::MacAddress& mac) : mac_(mac) {}
    [[nodiscard]] const chaos::MacAddress& mac() const { return mac_; }
    /// A frame for the guest. `is_flooded`: many get it, so it is not worth keeping if there is no room.
    virtual void deliver(const Frame& frame, bool is_flooded) = 0;

  protected:
    ~SwitchPort() = default;
    void set_mac(const chaos::MacAddress& mac) { mac_ = mac; } ///< of one that is not plugged in

  private:
    friend class Switch;
    chaos::MacAddress mac_;
    std::size_t place_ = 0; ///< among the switch's ports
    /// Of what it floods, counted in deliveries: what one guest sends must not be a load for the host only because many
    /// get it.
    RateLimiter flooding_{{100'000, 0, 200'000}};
};

class Switch final : DescriptorHandler {
  public:
    /// `text` is NAME[=ADDRESS/PREFIX]: makes the TAP device NAME, or takes over that of a former process.
    static chaos::Result<std::unique_ptr<Switch>> open(EventLoop& loop, Log& log, Workspace& workspace,
                                                       Netlink& netlink, std::string_view text);
    /// open() in steps, for tests: a switch whose uplink is `tap`; then listen().
    Switch(EventLoop& loop, Log& log, Workspace& workspace, std::string name, Tap tap);
    ~Switch();
    chaos::Result<void> listen();

    [[nodiscard]] const std::string& name() const { return name_; }
    /// Fails with name_taken if another port has its address, with invalid_argument if no vif can have it.
    chaos::Result<void> plug_in(SwitchPort& port);
    void unplug(SwitchPort& port);
    /// Fails if no vif can have that address.
    static chaos::Result<void> check_address(const chaos::MacAddress& address);
    /// Gives a port another address, which has been checked, and which no other port has.
    void readdress(SwitchPort& port, const chaos::MacAddress& address);
    /// Passes on a frame from `port`; its addresses are in head(). False if it is dropped here: not the port's address, or
    /// more flooding than is good. Frames reach their receivers with workspace.flush().
    bool forward(Frame& frame, SwitchPort& port, Clock::time_point now);
    /// The uplink stays when the switch goes.
    void keep_device() { uplink_.keep(); }

  private:
    void handle_descriptor(std::uint32_t events) override;
    void take_from_uplink(const Frame& frame);
    void flood(const Frame& frame, const SwitchPort* except);
    [[nodiscard]] SwitchPort* find(std::span<const std::byte> address) const;

    EventLoop& loop_;
    Log& log_;
    Workspace& workspace_;
    std::string name_;
    Tap uplink_;
    ReadsAhead reads_;
    std::unordered_map<std::uint64_t, SwitchPort*> by_address_;
    std::vector<SwitchPort*> ports_;
    Neighbours neighbours_{[this](std::uint64_t address) { return by_address_.contains(address); }};
};

} // namespace xendevd
