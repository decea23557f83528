// SPDX-License-Identifier: BSD-3-Clause
// The door of a noxs guest's vif or vbd: its control page (docs/noxs.md, section 5), from first look to removal.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/xen/grant_table.hpp"
#include "noxs/noxs.h"
#include "xendevd/backend.hpp"
#include "xendevd/daemon.hpp"

namespace xendevd {

/// Where a device is in its life, whichever door it has.
enum class DeviceState : std::uint8_t {
    waiting,   ///< for the guest's offer
    connected, ///< served
    closing,   ///< the guest was asked to let go
    closed,    ///< the guest has let go
    failed,    ///< the guest broke the protocol
};

std::string_view to_text(DeviceState state);

/// What a guest's side of a device is reached by, as the guest knows it; for `list`.
struct GuestEnd {
    chaos::EventChannelPort port{};           ///< 0: none yet
    std::vector<chaos::GrantReference> rings; ///< as in the Offer; none while not connected
};

/// Called once, when a removal has ended.
using Removed = std::function<void(chaos::Result<void>)>;

class NoxsDoor final : PortHandler, BackendOwner, Timer {
  public:
    /// Maps the control page and binds the event channel; a guest that has made its offer already is connected in the
    /// loop's next turn. `name` is for the log: "vif 0 of guest web (32700)". One that is `held` does not look at what the
    /// guest says before release().
    static chaos::Result<std::unique_ptr<NoxsDoor>>
    open(Daemon& daemon, std::string name, chaos::DomainId domain, chaos::EventChannelPort remote,
         chaos::GrantReference control_page, std::unique_ptr<Backend> backend, bool held = false);
    /// Lets go of everything at once, without a word to the guest.
    ~NoxsDoor();

    /// Looks at what the guest has said; from now on the device is `name`.
    void release(std::string name);
    [[nodiscard]] DeviceState state() const { return state_; }
    [[nodiscard]] Backend& backend() { return *backend_; }
    [[nodiscard]] const GuestEnd& guest_end() const { return guest_end_; }
    /// Politely: asks the guest and waits for it, at most `timeout`; then the removal has failed and the device stays.
    /// By force: at once. After success the door is good for nothing but its destruction, which `removed` may cause.
    void remove(bool force, std::chrono::milliseconds timeout, Removed removed);

  private:
    NoxsDoor(Daemon& daemon, std::string name, chaos::DomainId domain, chaos::EventChannelPort remote,
             chaos::xen::GrantMapping page, std::unique_ptr<Backend> backend, bool held);
    void handle_event() override;
    void backend_failed(chaos::Error reason) override;
    void run_timer() override;

    void look_at_guest_half();
    void connect();
    void disconnect();
    void close_when_idle();
    void finish_closing();
    void answer(std::uint32_t noxs_state, DeviceState state);
    void tell_removed(chaos::Result<void> result);

    Daemon& daemon_;
    std::string name_;
    chaos::DomainId domain_;
    chaos::xen::GrantMapping page_;
    std::unique_ptr<Backend> backend_;
    chaos::EventChannelPort local_{};
    GuestEnd guest_end_;
    DeviceState state_ = DeviceState::waiting;
    std::uint32_t sequence_ = 0; ///< the last of the guest's that was dealt with
    bool is_held_;
    bool guest_closed_ = false; ///< it will not touch the rings again
    Removed removed_;           ///< while a removal is under way
    Clock::time_point give_up_{};
    LogAllowance allowance_;
};

} // namespace xendevd
