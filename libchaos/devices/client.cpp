// SPDX-License-Identifier: BSD-3-Clause
// Packets to xendevd and back: one sendmsg, one poll and one recvmsg for each request.
#include "libchaos/devices/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace chaos::devices {
namespace {

using Clock = std::chrono::steady_clock;

bool nobody_listens(const Error& error) {
    return error.system_errno() == ECONNREFUSED || error.system_errno() == ENOENT;
}

/// Waits until `file` is ready for `events`.
Result<void> wait_for(int file, short events, Clock::time_point deadline, int stop_fd) {
    std::array<pollfd, 2> polled{{{file, events, 0}, {stop_fd, POLLIN, 0}}}; // poll skips a descriptor of -1
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0)
            return Error(ErrorKind::timed_out, "xendevd does not answer")
                .advise("Is it stopped, or the host overloaded? Restarting xendevd harms no guest.");
        const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR)
            return Error::from_errno("waiting for xendevd", errno);
        if (ready > 0 && polled[0].revents)
            return {};
        if (ready > 0)
            return Error(ErrorKind::interrupted, "interrupted");
    }
}

} // namespace

Error Client::not_running(const std::string& path) {
    return Error::from_errno("xendevd does not run: " + path, ECONNREFUSED)
        .advise("Start it with `systemctl start xendevd`, or by hand as `xendevd &`.");
}

bool Client::is_not_running(const Error& error) {
    return error.system_errno() == ECONNREFUSED;
}

Result<std::optional<Client>> Client::connect_if_running(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0)
        return std::optional<Client>();
    Client client(path);
    auto opened = client.open();
    if (opened)
        return std::optional(std::move(client));
    if (nobody_listens(opened.error()))
        return std::optional<Client>();
    return std::move(opened).error();
}

Result<Client> Client::connect(const std::string& path) {
    auto client = TRY(connect_if_running(path));
    if (!client)
        return not_running(path);
    return std::move(*client);
}

Result<void> Client::open() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
        return Error(ErrorKind::invalid_argument, "the path of xendevd's socket is too long: " + path_);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    socket_.reset(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_.is_open())
        return Error::from_errno("making a socket for xendevd", errno);
    const auto deadline = Clock::now() + patience;
    while (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int reason = errno;
        if (reason == EINTR)
            continue;
        // Too many connect at this moment; poll() cannot wait for this.
        if (reason == EAGAIN && Clock::now() < deadline) {
            ::usleep(1000);
            continue;
        }
        socket_.reset();
        return Error::from_errno("connecting to xendevd at " + path_, reason);
    }
    return {};
}

Result<void> Client::send(std::string_view packet, std::span<const int> files) {
    if (packet.size() > largest_packet)
        return Error(ErrorKind::invalid_argument,
                     "the devices of this guest take more words than xendevd reads at once")
            .advise("Give its images shorter paths.");
    if (files.size() > most_devices)
        return Error(ErrorKind::invalid_argument, "these are more disks than a guest can have");
    iovec bytes{const_cast<char*>(packet.data()), packet.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_devices)> control;
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    if (!files.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(files.size_bytes());
        std::memset(control.data(), 0, message.msg_controllen);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(files.size_bytes());
        std::memcpy(CMSG_DATA(header), files.data(), files.size_bytes());
    }
    const auto deadline = Clock::now() + patience;
    while (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) < 0) {
        const int reason = errno;
        if (reason == EAGAIN)
            TRY(wait_for(socket_.get(), POLLOUT, deadline, -1));
        else if (reason != EINTR)
            return Error::from_errno("writing to xendevd", reason);
    }
    return {};
}

Result<std::string> Client::receive(std::chrono::milliseconds timeout, int stop_fd) {
    TRY(wait_for(socket_.get(), POLLIN, Clock::now() + timeout, stop_fd));
    std::array<char, largest_packet> buffer; // only as much of it is touched as the packet is long
    iovec bytes{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    ssize_t size = 0;
    do
        size = ::recvmsg(socket_.get(), &message, 0);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return Error::from_errno("reading from xendevd", errno);
    if (size == 0)
        return Error(ErrorKind::system, "xendevd ended before it answered")
            .advise("Its log says why; once it runs again, repeat what you did.");
    if (message.msg_flags & MSG_TRUNC)
        return Error(ErrorKind::system, "xendevd gave an answer that is longer than any");
    return std::string(buffer.data(), static_cast<std::size_t>(size));
}

Result<std::string> Client::ask(std::string_view packet, std::span<const int> files,
                                std::chrono::milliseconds timeout, int stop_fd) {
    if (is_settling_)
        (void)settled(); // whoever wanted to know has given up
    const auto attempt = [&]() -> Result<std::string> {
        TRY(send_or_reconnect(packet, files));
        return receive(timeout, stop_fd);
    };
    auto reply = attempt();
    if (!reply)
        return give_up(std::move(reply).error());
    return reply;
}

Result<void> Client::send_or_reconnect(std::string_view packet, std::span<const int> files) {
    if (!socket_.is_open())
        TRY(open());
    auto sent = send(packet, files);
    if (!sent && (sent.error().system_errno() == EPIPE || sent.error().system_errno() == ECONNRESET)) {
        TRY(open()); // xendevd was restarted since the last request
        sent = send(packet, files);
    }
    return sent;
}

/// After a failure on the connection.
Error Client::give_up(Error problem) {
    socket_.reset(); // or its late reply would be taken for that of the next request
    return nobody_listens(problem) ? not_running(path_) : std::move(problem);
}

Result<void> Client::attach(const AttachRequest& request, std::span<const int> images, int stop_fd) {
    const std::string reply = TRY(ask(encode(request), images, patience, stop_fd));
    return decode_reply(reply);
}

Result<void> Client::begin_settling(const SettleRequest& request, std::span<const int> images) {
    if (is_settling_)
        (void)settled();
    if (auto sent = send_or_reconnect(encode(request), images); !sent)
        return give_up(std::move(sent).error());
    is_settling_ = true;
    return {};
}

Result<void> Client::settled(int stop_fd) {
    if (!std::exchange(is_settling_, false))
        return Error(ErrorKind::invalid_argument, "nothing is being settled");
    auto reply = receive(patience, stop_fd);
    if (!reply)
        return give_up(std::move(reply).error());
    return decode_reply(*reply);
}

Result<void> Client::detach(const DetachRequest& request, int stop_fd) {
    const std::string reply = TRY(ask(encode(request), {}, request.timeout + patience, stop_fd));
    return decode_reply(reply);
}

Result<void> Client::forget(DomainId domain) {
    const std::string reply = TRY(ask(encode(ForgetRequest{domain})));
    return decode_reply(reply);
}

Result<void> Client::shutdown(DomainId domain, ShutdownAction action) {
    const std::string reply = TRY(ask(encode(ShutdownRequest{domain, action})));
    return decode_reply(reply);
}

Result<std::vector<GuestStatus>> Client::list(std::optional<DomainId> domain) {
    std::vector<GuestStatus> guests;
    std::string packet = TRY(ask(encode(ListRequest{domain})));
    while (true) {
        auto guest = decode_list_packet(packet);
        if (!guest) {
            socket_.reset(); // more packets may be under way
            return std::move(guest).error();
        }
        if (!*guest)
            return guests;
        guests.push_back(std::move(**guest));
        auto next = receive(patience, -1);
        if (!next) {
            socket_.reset();
            return std::move(next).error();
        }
        packet = std::move(*next);
    }
}

Result<DaemonStatus> Client::status() {
    const std::string reply = TRY(ask(encode(StatusRequest{})));
    return decode_status(reply);
}

Result<UniqueFd> Client::console(DomainId domain, bool write) && {
    const std::string reply = TRY(ask(encode(ConsoleRequest{domain, write})));
    TRY(decode_reply(reply));
    return std::move(socket_);
}

} // namespace chaos::devices
