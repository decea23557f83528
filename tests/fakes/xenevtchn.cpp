// SPDX-License-Identifier: BSD-3-Clause
// In place of libxenevtchn: dom0's ports, with a descriptor that polls as the kernel's does.
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

using chaos::fakes::Domain;
using chaos::fakes::LocalPort;
using chaos::fakes::xen;

struct xenevtchn_handle {
    int file = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE); // counts what is queued
    std::deque<std::uint32_t> queue;
    bool overflown = false; // for ever, as in the kernel's driver
};

namespace {

/// Events that nobody reads are kept, of ports that were unbound too, until this many: then the handle is
/// lost.
constexpr std::size_t ring_size = 64;

int refuse(int errno_value) {
    errno = errno_value;
    return -1;
}

/// A port that this handle has bound.
LocalPort* find(xenevtchn_handle* handle, evtchn_port_t port) {
    const auto found = xen().local_ports.find(port);
    return found == xen().local_ports.end() || found->second.handle != handle ? nullptr : &found->second;
}

} // namespace

extern "C" {

xenevtchn_handle* xenevtchn_open(xentoollog_logger*, unsigned) {
    if (xen().fails("xenevtchn_open"))
        return nullptr;
    ++xen().handles;
    auto* handle = new xenevtchn_handle;
    xen().deliver[handle] = [handle](std::uint32_t port) {
        if (handle->queue.size() == ring_size)
            handle->overflown = true;
        else
            handle->queue.push_back(port);
        ::eventfd_write(handle->file, 1);
    };
    return handle;
}

int xenevtchn_close(xenevtchn_handle* handle) {
    xen().note("xenevtchn_close");
    std::vector<std::uint32_t> bound;
    for (const auto& [number, port] : xen().local_ports) {
        if (port.handle == handle)
            bound.push_back(number);
    }
    for (const std::uint32_t number : bound)
        xen().unbind(number);
    xen().deliver.erase(handle);
    ::close(handle->file);
    delete handle;
    --xen().handles;
    return 0;
}

int xenevtchn_fd(xenevtchn_handle* handle) {
    return handle->file;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle* handle, std::uint32_t id,
                                                     evtchn_port_t remote) {
    if (xen().fails("xenevtchn_bind_interdomain"))
        return -1;
    Domain* domain = xen().target(id);
    if (!domain)
        return -1;
    if (remote >= domain->ports.size() || !domain->ports[remote].in_use ||
        domain->ports[remote].remote_domain != 0 || domain->ports[remote].bound_to)
        return refuse(EINVAL);
    const std::uint32_t local = xen().next_local_port++;
    domain->ports[remote].bound_to = local;
    xen().local_ports[local] = {handle, domain->id, remote, false, false};
    xen().raise(local); // a fresh binding starts pending
    return static_cast<int>(local);
}

int xenevtchn_unbind(xenevtchn_handle* handle, evtchn_port_t port) {
    xen().note("xenevtchn_unbind"); // fails for ports that are not bound, and for nothing else
    if (!find(handle, port))
        return refuse(EINVAL);
    xen().unbind(port); // what is queued of it stays queued, as in the kernel's driver
    return 0;
}

int xenevtchn_notify(xenevtchn_handle* handle, evtchn_port_t port) {
    if (xen().fails("xenevtchn_notify"))
        return -1;
    const LocalPort* local = find(handle, port);
    if (!local)
        return refuse(EINVAL);
    Domain* domain = local->remote ? xen().find(local->domain) : nullptr;
    if (domain && !domain->dying && xen().on_notify)
        xen().on_notify(*domain, local->remote);
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle* handle) {
    if (xen().fails("xenevtchn_pending"))
        return -1;
    if (handle->overflown)
        return refuse(EFBIG);
    if (handle->queue.empty()) {
        xen().complain("asked for a pending event when there was none: the real call would block");
        return refuse(EAGAIN);
    }
    const std::uint32_t port = handle->queue.front();
    handle->queue.pop_front();
    eventfd_t one = 0;
    ::eventfd_read(handle->file, &one);
    return static_cast<int>(port);
}

int xenevtchn_unmask(xenevtchn_handle* handle, evtchn_port_t port) {
    if (xen().fails("xenevtchn_unmask"))
        return -1;
    LocalPort* local = find(handle, port);
    if (!local)
        return 0; // unbound since: the kernel's driver takes no notice
    local->masked = false;
    if (std::exchange(local->latched, false))
        xen().raise(port);
    return 0;
}

} // extern "C"
