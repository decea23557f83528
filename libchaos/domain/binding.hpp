// SPDX-License-Identifier: BSD-3-Clause
// A guest's event channel, bound for as long as this object lives.
#pragma once

#include <poll.h>

#include <utility>

#include "libchaos/domain/host.hpp"

namespace chaos {

class Binding {
  public:
    /// Binds to `remote` of `domain`. One process at a time can: while another has it, this waits a moment.
    static Result<Binding> make(xen::EventChannels& events, DomainId domain, EventChannelPort remote) {
        constexpr int attempts = 100;
        constexpr int pause_ms = 20;
        for (int attempt = 1;; ++attempt) {
            auto port = events.bind(domain, remote);
            if (port)
                return Binding(events, *port);
            if (attempt == attempts || port.error().system_errno() != EINVAL)
                return std::move(port).error();
            (void)::poll(nullptr, 0, pause_ms); // a sleep
        }
    }
    Binding(Binding&& other) noexcept : events_(std::exchange(other.events_, nullptr)), port_(other.port_) {}
    Binding& operator=(Binding&&) = delete;
    ~Binding() {
        if (events_)
            (void)events_->unbind(port_); // closing is all that is left to do with it
    }
    [[nodiscard]] Result<void> notify() const { return events_->notify(port_); }

  private:
    Binding(xen::EventChannels& events, EventChannelPort port) : events_(&events), port_(port) {}
    xen::EventChannels* events_;
    EventChannelPort port_;
};

} // namespace chaos
