// SPDX-License-Identifier: BSD-3-Clause
// The port of ours on which a guest says that it is ready.
#pragma once

#include <optional>
#include <utility>

#include "libchaos/domain/host.hpp"

namespace chaos {

/// A port of this domain, bound to the channel of a guest's system device through host.events(); unbound when this goes.
/// Move-only. Bound to the thread of its Host, which must outlive it.
class WatchPort {
  public:
    /// `remote` is the guest's end. The new port is pending at once, as every fresh binding is. Two hypercalls and an
    /// interrupt set up by the kernel: dearer than letting the guest run.
    static Result<WatchPort> bind(Host& host, DomainId guest, EventChannelPort remote) {
        xen::EventChannels* events = TRY(host.events());
        return WatchPort(host, TRY(events->bind(guest, remote)));
    }

    WatchPort(WatchPort&& other) noexcept
        : host_(other.host_), port_(std::exchange(other.port_, std::nullopt)) {}
    WatchPort& operator=(WatchPort&& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(port_, other.port_);
        return *this;
    }
    ~WatchPort() {
        if (!port_)
            return;
        if (auto events = host_->events())
            (void)(*events)->unbind(*port_); // closing is all that is left to do with it
    }

    [[nodiscard]] EventChannelPort port() const { return *port_; }

  private:
    WatchPort(Host& host, EventChannelPort port) : host_(&host), port_(port) {}

    Host* host_;
    std::optional<EventChannelPort> port_; // nothing once it was moved from
};

} // namespace chaos
