// SPDX-License-Identifier: BSD-3-Clause
// Requests go out as far as the socket takes them; answers come in their order.
#include "xendevd/kernel/xenstored.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
namespace xenstore = chaos::xenstore;

Result<std::unique_ptr<Xenstored>> Xenstored::open(EventLoop& loop, const std::string& path) {
    if (path.empty())
        return std::unique_ptr<Xenstored>();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error(ErrorKind::invalid_argument, "the path of xenstored's socket is too long: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    chaos::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.is_open())
        return Error::from_errno("making a socket for xenstored", errno);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == ENOENT || errno == ECONNREFUSED)
            return std::unique_ptr<Xenstored>();
        return Error::from_errno("connecting to xenstored at " + path, errno);
    }
    std::unique_ptr<Xenstored> xenstored(new Xenstored(loop, std::move(socket)));
    TRY(loop.add(xenstored->socket_.get(), EPOLLIN, *xenstored));
    return xenstored;
}

Xenstored::~Xenstored() {
    if (socket_.is_open())
        loop_.remove(socket_.get());
}

void Xenstored::ask(const xenstore::Batch& batch, std::function<void(Answers)> then) {
    if (!socket_.is_open())
        return;
    to_send_ += batch.bytes();
    asked_.push_back({batch.size(), {}, std::move(then)});
    if (!waits_to_send_)
        send();
}

void Xenstored::send() {
    while (!to_send_.empty()) {
        const ssize_t sent = ::send(socket_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            break; // a lost connection shows when reading
        to_send_.erase(0, static_cast<std::size_t>(sent));
    }
    if (waits_to_send_ == to_send_.empty()) {
        waits_to_send_ = !to_send_.empty();
        (void)loop_.change(socket_.get(), EPOLLIN | (waits_to_send_ ? std::uint32_t{EPOLLOUT} : 0u));
    }
}

bool Xenstored::receive() {
    constexpr std::size_t most = 16384;
    const std::size_t before = received_.size();
    received_.resize(before + most);
    const ssize_t got = ::recv(socket_.get(), received_.data() + before, most, 0);
    const int reason = errno;
    received_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    return got > 0 || (got < 0 && (reason == EAGAIN || reason == EINTR));
}

void Xenstored::handle_descriptor(std::uint32_t events) {
    if (events & EPOLLOUT)
        send();
    if (!receive())
        return lose();
    take_messages();
}

void Xenstored::take_messages() {
    std::size_t taken = 0;
    std::vector<Asked> finished;
    while (true) {
        const auto message = xenstore::take_message(std::string_view(received_).substr(taken));
        if (!message)
            return lose();
        if (!*message)
            break;
        taken += (*message)->size();
        if ((*message)->operation == xenstore::Operation::watch_event)
            continue;
        if (asked_.empty() || (*message)->request != asked_.front().answers.size())
            return lose();
        Asked& asked = asked_.front();
        auto& answer = asked.answers.emplace_back();
        if ((*message)->operation != xenstore::Operation::error)
            answer = std::string((*message)->payload);
        if (asked.answers.size() == asked.requests) {
            finished.push_back(std::move(asked));
            asked_.pop_front();
        }
    }
    received_.erase(0, taken);
    for (Asked& asked : finished) // these may ask again
        if (asked.then)
            asked.then(std::move(asked.answers));
}

void Xenstored::lose() {
    loop_.remove(socket_.get());
    socket_.reset();
    asked_.clear();
    to_send_.clear();
    if (const auto tell = std::exchange(when_lost, nullptr))
        tell();
}

} // namespace xendevd
