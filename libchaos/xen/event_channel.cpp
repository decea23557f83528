// SPDX-License-Identifier: BSD-3-Clause
// Event channels over libxenevtchn.
#include "libchaos/xen/event_channel.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "libchaos/xen/headers.hpp"

namespace chaos::xen {

void EventChannels::Close::operator()(xenevtchn_handle* handle) const {
    xenevtchn_close(handle);
}

Result<EventChannels> EventChannels::open() {
    xenevtchn_handle* handle = xenevtchn_open(silent_logger(), 0);
    if (!handle)
        return Error::from_errno("opening /dev/xen/evtchn", errno);
    return EventChannels(handle);
}

Result<EventChannelPort> EventChannels::bind(DomainId guest, EventChannelPort remote) {
    // The kernel keeps events of ports that were unbound since, and a handle that holds 64 unread ones is
    // lost for ever (EFBIG). While nothing is bound, whatever there is to read is of that kind.
    if (bound_ == 0 && unbound_before_)
        TRY(discard_pending());
    const auto port = xenevtchn_bind_interdomain(handle_.get(), raw(guest), raw(remote));
    if (port < 0)
        return Error::from_errno("binding an event channel of the guest", errno);
    ++bound_;
    return EventChannelPort{static_cast<std::uint32_t>(port)};
}

Result<EventChannelPort> EventChannels::bind_domain_exception() {
    const auto port = xenevtchn_bind_virq(handle_.get(), VIRQ_DOM_EXC);
    if (port < 0)
        return Error::from_errno("binding the interrupt that tells of ended domains", errno);
    ++bound_;
    return EventChannelPort{static_cast<std::uint32_t>(port)};
}

Result<void> EventChannels::unbind(EventChannelPort local) {
    if (xenevtchn_unbind(handle_.get(), raw(local)) < 0)
        return Error::from_errno("unbinding an event channel", errno);
    --bound_;
    unbound_before_ = true;
    return {};
}

Result<void> EventChannels::discard_pending() {
    pollfd poller{fd(), POLLIN, 0};
    while (::poll(&poller, 1, 0) > 0)
        TRY(take_pending());
    return {};
}

Result<void> EventChannels::notify(EventChannelPort local) {
    if (xenevtchn_notify(handle_.get(), raw(local)) < 0)
        return Error::from_errno("notifying the guest", errno);
    return {};
}

int EventChannels::fd() const {
    return xenevtchn_fd(handle_.get());
}

Result<EventChannelPort> EventChannels::take_pending() {
    const auto port = xenevtchn_pending(handle_.get());
    if (port < 0)
        return Error::from_errno("reading a pending event", errno);
    return EventChannelPort{static_cast<std::uint32_t>(port)};
}

Result<void> EventChannels::unmask(EventChannelPort local) {
    if (xenevtchn_unmask(handle_.get(), raw(local)) < 0)
        return Error::from_errno("unmasking an event channel", errno);
    return {};
}

// The descriptor speaks a documented protocol (linux/include/uapi/xen/evtchn.h): reading gives pending ports, writing
// unmasks. The library does one port at a time, which is most of the cost of an event.
static_assert(sizeof(EventChannelPort) == sizeof(evtchn_port_t));

Result<std::size_t> EventChannels::take_all_pending(std::span<EventChannelPort> ports) {
    ssize_t size = 0;
    do
        size = ::read(fd(), ports.data(), ports.size_bytes());
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN)
        return std::size_t{0};
    if (size < 0)
        return Error::from_errno("reading pending events", errno);
    return static_cast<std::size_t>(size) / sizeof(EventChannelPort);
}

Result<void> EventChannels::unmask_all(std::span<const EventChannelPort> ports) {
    if (ports.empty())
        return {};
    if (::write(fd(), ports.data(), ports.size_bytes()) < 0)
        return Error::from_errno("unmasking event channels", errno);
    return {};
}

} // namespace chaos::xen
