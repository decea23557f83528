// SPDX-License-Identifier: BSD-3-Clause
// A back-end is one device's data path. How its front end made itself known - through a noxs control page or through a
// private store - is the door's business (noxs_door.hpp, store_door.hpp): both reduce it to an Offer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

namespace xendevd {

/// What a front end asks to be served with. Foreign data, checked by the door only for shape: ring count and port.
struct Offer {
    chaos::DomainId domain{};
    /// vif: transmit, receive. vbd: the pages of the one ring, 1, 2, 4 or 8.
    std::vector<chaos::GrantReference> rings;
    /// What the front end can use: NOXS_VIF_* or NOXS_VBD_* bits, whichever way it said so.
    std::uint32_t features = 0;
    /// vbd only: true if the ring has the layout of a 32-bit guest (a stock guest's `protocol` key).
    bool ring_is_32_bit = false;
};

/// Whoever is told that a device is dead: the door. It logs once, unmaps by disconnect() and tells the front end.
class BackendOwner {
  public:
    /// The guest broke the protocol. Called from within handle_event(), run_task() or a completion: the back-end must
    /// touch nothing of the rings after it, and is disconnected when the call returns.
    virtual void backend_failed(chaos::Error reason) = 0;

  protected:
    ~BackendOwner() = default;
};

/// Numbers that only grow, for `network-list`, `block-list`, `chaos info` and metrics.
struct Counters {
    std::uint64_t from_guest_bytes = 0;
    std::uint64_t from_guest_operations = 0; ///< frames; vbd: write requests
    std::uint64_t to_guest_bytes = 0;
    std::uint64_t to_guest_operations = 0; ///< frames; vbd: read requests
    std::uint64_t from_guest_dropped = 0;
    std::uint64_t to_guest_dropped = 0;
    std::uint64_t errors = 0;
};

struct VifSettings; // vif/vif.hpp

class Backend {
  public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    /// Disconnects, and gives back what the device holds on the host: TAP, switch port, open image.
    virtual ~Backend() = default;

    /// Features that this device can be served with.
    [[nodiscard]] virtual std::uint32_t features() const = 0;
    /// Maps the rings and starts serving, from each ring's rsp_prod on (docs/noxs.md, section 5). `local` is the bound
    /// event channel, the door's; `owner` outlives the connection. Returns the features in use. An error means that the
    /// offer was bad: nothing is mapped then.
    virtual chaos::Result<std::uint32_t> connect(const Offer& offer, chaos::EventChannelPort local,
                                                 BackendOwner& owner) = 0;
    /// The event channel fired: looks at the rings, does at most one turn's work and puts itself into run_soon() if
    /// there is more.
    virtual void handle_event() = 0;
    /// True if nothing that was taken from the rings is under way any more; with `finish` set true before, nothing new
    /// is taken. The door asks again after each completion (BackendOwner is not called for that: it polls in run_soon).
    [[nodiscard]] virtual bool is_idle() const = 0;
    virtual void stop_taking_requests() = 0;
    /// Unmaps everything of the guest at once; what is under way is waited for or forgotten, never written to guest
    /// memory that is no longer mapped. connect() may follow. Harmless if not connected.
    virtual void disconnect() = 0;

    /// For a vif that never was connected and is to be another one in the same place: gets hold of what that takes. What
    /// is returned makes it so and cannot fail; dropped, it changes nothing. It must not outlive the back-end.
    virtual chaos::Result<std::function<void()>> settle(const VifSettings& settings);

    [[nodiscard]] virtual Counters counters() const = 0;
    /// Adds what is special about this device to `out`, an object: {"bridge": "xenbr0", "tap": "vif3.0"}.
    virtual void describe(nlohmann::json& out) const = 0;
};

} // namespace xendevd
