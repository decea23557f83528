// SPDX-License-Identifier: BSD-3-Clause
// In place of libxenevtchn: dom0's ports, with a descriptor that polls, reads and is written as the kernel's is.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

using chaos::fakes::Domain;
using chaos::fakes::LocalPort;
using chaos::fakes::xen;

struct xenevtchn_handle {
    int file =
        -1; // the program's end of a pipe: reading gives pending ports; writing is caught by system_calls.cpp
    int driver = -1;        // the driver's end: what is queued is written here
    bool overflown = false; // for ever, as in the kernel's driver
};

namespace {

/// Events that nobody reads are kept, of ports that were unbound too, until this many (more if more are bound): then the
/// handle is lost.
constexpr std::size_t ring_size = 64;

int refuse(int errno_value) {
    errno = errno_value;
    return -1;
}

std::set<xenevtchn_handle*>& open_handles() {
    static std::set<xenevtchn_handle*> handles;
    return handles;
}

std::size_t queued(const xenevtchn_handle* handle) {
    int bytes = 0;
    ::ioctl(handle->file, FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes) / sizeof(std::uint32_t);
}

/// A port that this handle has bound.
LocalPort* find(xenevtchn_handle* handle, evtchn_port_t port) {
    const auto found = xen().local_ports.find(port);
    return found == xen().local_ports.end() || found->second.handle != handle ? nullptr : &found->second;
}

void unmask(xenevtchn_handle* handle, std::uint32_t port) {
    LocalPort* local = find(handle, port);
    if (!local)
        return; // unbound since: the kernel's driver takes no notice
    local->masked = false;
    if (std::exchange(local->latched, false))
        xen().raise(port);
}

} // namespace

bool chaos::fakes::take_unmasked_ports(int file, const void* bytes, std::size_t size) {
    for (xenevtchn_handle* handle : open_handles()) {
        if (handle->file != file)
            continue;
        for (std::size_t at = 0; at + sizeof(std::uint32_t) <= size; at += sizeof(std::uint32_t)) {
            std::uint32_t port = 0;
            std::memcpy(&port, static_cast<const char*>(bytes) + at, sizeof port);
            unmask(handle, port);
        }
        return true;
    }
    return false;
}

extern "C" {

xenevtchn_handle* xenevtchn_open(xentoollog_logger*, unsigned) {
    if (xen().fails("xenevtchn_open"))
        return nullptr;
    ++xen().handles;
    auto* handle = new xenevtchn_handle;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        std::abort();
    handle->file = ends[0];
    handle->driver = ends[1];
    xen().deliver[handle] = [handle](std::uint32_t port) {
        if (queued(handle) >= std::max(ring_size, xen().local_ports.size()))
            handle->overflown = true;
        else if (::syscall(SYS_write, handle->driver, &port, sizeof port) !=
                 sizeof port) // no test makes it fail
            std::abort();
    };
    open_handles().insert(handle);
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
    open_handles().erase(handle);
    ::close(handle->file);
    ::close(handle->driver);
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

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle* handle, unsigned virq) {
    if (xen().fails("xenevtchn_bind_virq"))
        return -1;
    if (virq != VIRQ_DOM_EXC)
        return refuse(EINVAL);
    if (xen().domain_exception || xen().domain_exception_taken)
        return refuse(EEXIST);
    const std::uint32_t local = xen().next_local_port++;
    xen().domain_exception = local;
    xen().local_ports[local] = {handle, 0, 0, false, false};
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
    std::uint32_t port = 0;
    if (::read(handle->file, &port, sizeof port) != sizeof port) {
        xen().complain("asked for a pending event when there was none: the real call would block");
        return refuse(EAGAIN);
    }
    return static_cast<int>(port);
}

int xenevtchn_unmask(xenevtchn_handle* handle, evtchn_port_t port) {
    if (xen().fails("xenevtchn_unmask"))
        return -1;
    unmask(handle, port);
    return 0;
}

} // extern "C"
