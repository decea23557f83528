// SPDX-License-Identifier: BSD-3-Clause
// The server's side of libchaos/devices, without any data path.
#include "tests/fakes/xendevd.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/fakes/system_calls.hpp"
#include "tests/fakes/xen.hpp"

namespace chaos::fakes {

using namespace devices;

namespace {

template<typename T>
T must(Result<T> result) {
    if (!result)
        std::abort();
    return std::move(result).value();
}

} // namespace

Xendevd::Xendevd(const std::string& path)
    : path_(path), listener_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      grants_(must(xen::GrantTable::open())), events_(must(xen::EventChannels::open())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        std::abort();
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 64) != 0)
        std::abort();
    system_calls::after_send = [this] { serve(); };
}

Xendevd::~Xendevd() {
    system_calls::after_send = nullptr;
    guests.clear(); // before what they were mapped through
    ::unlink(path_.c_str());
}

bool Xendevd::serves(DomainId domain, DeviceType type, std::uint32_t id) const {
    const auto found = guests.find(domain);
    return found != guests.end() && found->second.devices.contains({type, id});
}

void Xendevd::serve() {
    if (hangs)
        return;
    constexpr int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    long file = 0; // by its own name, so that the test's faults do not reach it
    while ((file = ::syscall(SYS_accept4, listener_.get(), nullptr, nullptr, flags)) >= 0)
        connections_.emplace_back(static_cast<int>(file));
    if (ends)
        return connections_.clear();
    std::erase_if(connections_, [&](const UniqueFd& connection) { return !serve_one(connection.get()); });
}

/// All there is to read from one connection; false at its end.
bool Xendevd::serve_one(int connection) {
    while (true) {
        std::array<char, largest_packet> buffer;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_devices)> control;
        iovec bytes{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        // By its own name, as above.
        const ssize_t size = ::syscall(SYS_recvmsg, connection, &message, MSG_CMSG_CLOEXEC);
        if (size <= 0)
            return size < 0 && errno == EAGAIN;
        std::vector<UniqueFd> files;
        for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
            const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t index = 0; index < count; ++index) {
                int file = -1;
                std::memcpy(&file, CMSG_DATA(header) + index * sizeof file, sizeof file);
                files.emplace_back(file);
            }
        }
        const auto request = decode_request({buffer.data(), static_cast<std::size_t>(size)});
        std::string reply;
        if (const auto* list = request ? std::get_if<ListRequest>(&*request) : nullptr; list && list->domain)
            if (const std::string guest = description_of(*list->domain); !guest.empty())
                (void)!::send(connection, guest.data(), guest.size(), MSG_NOSIGNAL);
        if (!request) {
            xen().complain("xendevd was sent " + request.error().story());
            reply = encode_error(request.error());
        } else {
            requests.push_back(*request);
            reply = refuse ? refuse(*request) : "";
            if (reply.empty())
                reply = carry_out(*request, std::move(files));
        }
        (void)!::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
}

std::string Xendevd::carry_out(const Request& request, std::vector<UniqueFd> files) {
    if (const auto* wanted = std::get_if<AttachRequest>(&request)) {
        if (wanted->shell && !wanted->name.empty())
            xen().complain("xendevd was sent a shell with a name");
        auto attached = attach(*wanted, std::move(files));
        return attached ? std::string(ok_reply) : encode_error(attached.error());
    }
    if (const auto* wanted = std::get_if<SettleRequest>(&request)) {
        auto settled = settle(*wanted, std::move(files));
        return settled ? std::string(ok_reply) : encode_error(settled.error());
    }
    if (const auto* wanted = std::get_if<DetachRequest>(&request)) {
        if (!serves(wanted->domain, wanted->type, wanted->id))
            return encode_error(Error(ErrorKind::not_found, "there is no such device"));
        Guest& guest = guests[wanted->domain];
        guest.devices.erase({wanted->type, wanted->id});
        if (wanted->type == DeviceType::vbd)
            guest.images.erase(wanted->id);
        if (const auto port = guest.ports.extract({wanted->type, wanted->id}))
            (void)events_.unbind(port.mapped());
    }
    if (const auto* wanted = std::get_if<ForgetRequest>(&request))
        forget(wanted->domain);
    return std::string(ok_reply);
}

/// The packet that lists it, with no more than is asked for; empty if there is no such guest.
std::string Xendevd::description_of(DomainId domain) const {
    const auto found = guests.find(domain);
    if (found == guests.end())
        return "";
    std::string devices;
    for (const auto& [key, pages] : found->second.devices)
        devices += (devices.empty() ? "" : ",") + std::string(R"({"type":")") +
                   std::string(name_of(key.first)) + R"(","id":)" + std::to_string(key.second) +
                   R"(,"state":"waiting"})";
    return R"({"guest":{"domain":)" + std::to_string(raw(domain)) + R"(,"devices":[)" + devices + "]}}";
}

Result<void> Xendevd::open_end(DomainId domain, const DeviceEnd& end, std::vector<xen::GrantMapping>& pages,
                               EventChannelPort& port) {
    const std::array<GrantReference, 1> references{end.grant};
    pages.push_back(TRY(grants_.map(domain, references, xen::GrantAccess::read_write)));
    port = TRY(events_.bind(domain, end.port));
    return {};
}

/// All or nothing.
Result<void> Xendevd::attach(const AttachRequest& request, std::vector<UniqueFd> files) {
    if (files.size() != request.vbds.size())
        return Error(ErrorKind::invalid_argument, "there is not one file for each disk");
    const bool is_new = !guests.contains(request.domain);
    Guest& guest = guests[request.domain];
    if (is_new)
        guest.first = request;
    std::vector<std::pair<DeviceType, std::uint32_t>> added;
    const auto add = [&](DeviceType type, std::uint32_t id, const DeviceEnd& end) -> Result<void> {
        if (guest.devices.contains({type, id}))
            return Error(ErrorKind::name_taken, "there is such a device already");
        added.emplace_back(type, id);
        std::vector<xen::GrantMapping>& pages = guest.devices[{type, id}];
        if (!request.noxs)
            return {};
        EventChannelPort port{};
        TRY(open_end(request.domain, end, pages, port));
        guest.ports[{type, id}] = port;
        return {};
    };
    const auto attempt = [&]() -> Result<void> {
        EventChannelPort port{};
        if (request.console) {
            TRY(open_end(request.domain, *request.console, guest.pages, port));
            guest.bound.push_back(port);
        }
        if (request.store) {
            TRY(open_end(request.domain, request.store->end, guest.pages, port));
            guest.bound.push_back(port);
        }
        for (const AttachVif& vif : request.vifs)
            TRY(add(DeviceType::vif, vif.id, vif.end));
        for (const AttachVbd& vbd : request.vbds)
            TRY(add(DeviceType::vbd, vbd.id, vbd.end));
        return {};
    };
    auto done = attempt();
    if (done) {
        for (std::size_t index = 0; index < files.size(); ++index)
            guest.images[request.vbds[index].id] = std::move(files[index]);
        return done;
    }
    if (is_new) {
        forget(request.domain);
        return done;
    }
    for (const auto& key : added) {
        guest.devices.erase(key);
        if (const auto port = guest.ports.extract(key))
            (void)events_.unbind(port.mapped());
    }
    return done;
}

Result<void> Xendevd::settle(const SettleRequest& request, std::vector<UniqueFd> files) {
    const auto found = guests.find(request.domain);
    if (found == guests.end() || !found->second.first.shell || found->second.settled ||
        found->second.first.uuid != request.uuid)
        return Error(ErrorKind::not_found, "there is no such shell");
    for (const SettleVif& vif : request.vifs)
        if (!serves(request.domain, DeviceType::vif, vif.id))
            return Error(ErrorKind::not_found, "there is no such vif");
    AttachRequest disks;
    disks.domain = request.domain;
    disks.vbds = request.vbds;
    TRY(attach(disks, std::move(files)));
    found->second.settled = request;
    return {};
}

void Xendevd::forget(DomainId domain) {
    const auto guest = guests.extract(domain);
    if (!guest)
        return;
    for (const EventChannelPort port : guest.mapped().bound)
        (void)events_.unbind(port);
    for (const auto& [key, port] : guest.mapped().ports)
        (void)events_.unbind(port);
}

} // namespace chaos::fakes
