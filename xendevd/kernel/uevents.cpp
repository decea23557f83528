// SPDX-License-Identifier: BSD-3-Clause
// netlink(7), NETLINK_KOBJECT_UEVENT. A filter in the kernel drops what is told of anything but devices going online and
// offline, so that each new interface of the host does not wake us five times.
#include "xendevd/kernel/uevents.hpp"

#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace xendevd {

using chaos::Error;
using chaos::Result;

namespace {

/// "<domain><separator><id>" and nothing else.
std::optional<KernelVif> parse_numbers(std::string_view text, char separator) {
    std::uint16_t domain = 0;
    std::uint32_t id = 0;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, domain);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != separator)
        return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, id);
    if (second.ec != std::errc{} || second.ptr != end)
        return std::nullopt;
    return KernelVif{chaos::DomainId{domain}, id};
}

/// Passes messages that begin with "onli" or "offl".
Result<void> attach_filter(int socket) {
    constexpr std::uint32_t online = 0x6f6e6c69, offline = 0x6f66666c;
    std::array<sock_filter, 5> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, online, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, offline, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    }};
    const sock_fprog filter{program.size(), program.data()};
    if (::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        return Error::from_errno("setsockopt(SO_ATTACH_FILTER)", errno);
    return {};
}

} // namespace

std::optional<KernelVif> parse_back_end_name(std::string_view name) {
    constexpr std::string_view prefix = "vif-";
    if (!name.starts_with(prefix))
        return std::nullopt;
    return parse_numbers(name.substr(prefix.size()), '-');
}

std::optional<VifUevent> parse_uevent(std::string_view message) {
    constexpr std::string_view path_key = "XENBUS_PATH=backend/vif/", subsystem = "SUBSYSTEM=xen-backend";
    VifUevent event;
    event.is_online = message.starts_with("online@");
    if (!event.is_online && !message.starts_with("offline@"))
        return std::nullopt;
    bool is_back_end = false;
    std::optional<KernelVif> vif;
    while (!message.empty()) {
        const std::string_view part = message.substr(0, message.find('\0'));
        message.remove_prefix(std::min(part.size() + 1, message.size()));
        is_back_end |= part == subsystem;
        if (part.starts_with(path_key))
            vif = parse_numbers(part.substr(path_key.size()), '/');
    }
    if (!is_back_end || !vif)
        return std::nullopt;
    event.vif = *vif;
    return event;
}

Result<std::unique_ptr<Uevents>> Uevents::open(EventLoop& loop, Told told, std::function<void()> lost) {
    chaos::UniqueFd socket(
        ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    if (!socket.is_open())
        return Error::from_errno("opening a socket for the kernel's events", errno);
    TRY(attach_filter(socket.get()));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1; // the kernel; 2 is udev
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error::from_errno("listening to the kernel's events", errno);
    std::unique_ptr<Uevents> uevents(new Uevents(loop, std::move(socket), std::move(told), std::move(lost)));
    TRY(loop.add(uevents->socket_.get(), EPOLLIN, *uevents));
    return uevents;
}

Uevents::~Uevents() {
    loop_.remove(socket_.get());
}

void Uevents::handle_descriptor(std::uint32_t) {
    constexpr int most_in_a_turn = 64;
    for (int count = 0; count < most_in_a_turn; ++count) {
        std::array<char, 8192> message;
        sockaddr_nl sender{};
        socklen_t size = sizeof sender;
        const ssize_t got = ::recvfrom(socket_.get(), message.data(), message.size(), 0,
                                       reinterpret_cast<sockaddr*>(&sender), &size);
        if (got < 0 && errno == ENOBUFS)
            lost_();
        if (got < 0)
            return;
        if (sender.nl_pid != 0)
            continue; // not the kernel
        if (const auto event = parse_uevent({message.data(), static_cast<std::size_t>(got)}))
            told_(*event);
    }
}

} // namespace xendevd
