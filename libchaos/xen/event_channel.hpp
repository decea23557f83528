// SPDX-License-Identifier: BSD-3-Clause
// Event channels of this domain (libxenevtchn): bind to a guest's port, wait, notify.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

struct xenevtchn_handle;

namespace chaos::xen {

/// Move-only owner of a libxenevtchn handle; every port bound through it is unbound when it closes. Not
/// thread safe.
class EventChannels {
  public:
    static Result<EventChannels> open();

    /// Binds a local port to `remote`, a port that `guest` holds unbound for this domain. The new port starts
    /// pending, so the first wait returns at once.
    Result<EventChannelPort> bind(DomainId guest, EventChannelPort remote);
    /// Binds a local port to the virtual interrupt that tells of domains that have stopped or are gone (xen/xen.h,
    /// VIRQ_DOM_EXC). One handle of the host can have it: fails with system_errno() EEXIST if it is another one, usually
    /// xenstored's.
    Result<EventChannelPort> bind_domain_exception();
    Result<void> unbind(EventChannelPort local);
    Result<void> notify(EventChannelPort local);
    /// The descriptor to poll for readability.
    [[nodiscard]] int fd() const;
    /// Takes one pending port, masked until unmask(); call only when fd() is readable.
    Result<EventChannelPort> take_pending();
    Result<void> unmask(EventChannelPort local);
    /// The same for many: takes what is pending, as much as fits into `ports`, in one system call, and returns how many.
    /// None if nothing is.
    Result<std::size_t> take_all_pending(std::span<EventChannelPort> ports);
    Result<void> unmask_all(std::span<const EventChannelPort> ports);

  private:
    struct Close {
        void operator()(xenevtchn_handle* handle) const;
    };
    explicit EventChannels(xenevtchn_handle* handle) : handle_(handle) {}
    Result<void> discard_pending();

    std::unique_ptr<xenevtchn_handle, Close> handle_;
    std::size_t bound_ = 0; // ports
    bool unbound_before_ = false;
};

} // namespace chaos::xen
