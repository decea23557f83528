// SPDX-License-Identifier: BSD-3-Clause
// A vif as one of lwIP's network interfaces.
#pragma once

#include "address.hpp"
#include "vif.hpp"

#include <memory>
#include <optional>
#include <utility>

#include <lwip/netif.h>
#include <lwip/pbuf.h>

namespace unikernel::net {

class Interface {
  public:
    /// Offers the vif's rings; nothing if memory is short.
    static std::unique_ptr<Interface> open(const Device& device, const Vif::Options& options);
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;

    [[nodiscard]] bool is(const Device& device) const {
        return device_.id == device.id && device_.instance == device.instance;
    }

    /// Makes lwIP use it, with `address` or else the one on the control page or else one from DHCP.
    void bring_up(std::optional<Address> address);

    /// Takes in some of the frames that came; true if there were any. Follows the back-end when it closes.
    bool receive();
    /// Shows the back-end what this round had for it.
    void publish();
    /// As Vif::has_work().
    [[nodiscard]] bool has_work();

    /// True once since the last call if a frame did not fit and now would.
    bool take_new_room();
    /// True if frames were sent since the last call.
    bool take_has_sent() { return std::exchange(has_sent_, false); }
    /// True until bring_up().
    [[nodiscard]] bool is_new() const { return is_new_; }
    [[nodiscard]] bool waits_for_dhcp() const;
    /// True if nothing of it is in use any more.
    [[nodiscard]] bool is_over() const { return vif_ == nullptr; }
    [[nodiscard]] const Vif* vif() const { return vif_.get(); }
    [[nodiscard]] netif& lwip() { return netif_; }

  private:
    /// Tells which buffer goes back when lwIP is done with a piece of a frame.
    struct Buffer {
        pbuf_custom pbuf; // first: lwIP knows no more than its address
        Interface* interface;
        std::uint16_t number;
    };

    Interface(const Device& device, std::unique_ptr<Vif> vif, std::unique_ptr<Buffer[]> buffers);
    void take_down();
    pbuf* wrap(const Vif::Frame& frame);
    err_t transmit(pbuf* frame);
    static void release(pbuf* piece);
    static err_t initialise(netif* interface);

    Device device_;
    std::unique_ptr<Vif> vif_;
    std::unique_ptr<Buffer[]> buffers_;
    netif netif_{};
    std::uint16_t buffers_in_use_ = 0;
    bool is_new_ = true;
    bool is_up_ = false;
    bool closing_ = false;
    std::size_t wanted_room_ = 0;
    bool has_sent_ = false;
};

} // namespace unikernel::net
