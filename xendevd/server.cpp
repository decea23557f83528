// SPDX-License-Identifier: BSD-3-Clause
// The listening socket, and the clients it has taken in.
#include "xendevd/server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "xendevd/client.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

constexpr std::size_t most_clients = 512; ///< most of them consoles; more wait in the kernel's queue
constexpr int backlog = 256;
constexpr std::chrono::milliseconds pause{100}; ///< when the process has no descriptor left

/// Binds, replacing what a dead process left.
Result<void> bind_to(int socket, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error(ErrorKind::invalid_argument, "a socket's path has at most 107 bytes: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(socket, generic, sizeof address) == 0)
        return {};
    if (errno != EADDRINUSE)
        return Error::from_errno("binding " + path, errno);
    const chaos::UniqueFd probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), generic, sizeof address) == 0)
        return Error(ErrorKind::name_taken, "another xendevd answers at " + path)
            .advise("One xendevd serves all guests; end the other one first.");
    if (errno != ECONNREFUSED)
        return Error::from_errno("looking who has " + path, errno);
    if (::unlink(path.c_str()) != 0 || ::bind(socket, generic, sizeof address) != 0)
        return Error::from_errno("binding " + path, errno);
    return {};
}

} // namespace

Server::Server(Daemon& daemon, Guests& guests, chaos::UniqueFd listening)
    : daemon_(daemon), guests_(guests), listening_(std::move(listening)) {}

Server::~Server() {
    daemon_.loop.remove(listening_.get());
}

Result<std::unique_ptr<Server>> Server::open(Daemon& daemon, Guests& guests, const std::string& path) {
    chaos::UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.is_open())
        return Error::from_errno("socket", errno);
    const mode_t mask = ::umask(0177); // nobody else, not even for a moment
    auto bound = bind_to(socket.get(), path);
    ::umask(mask);
    TRY(std::move(bound));
    if (::listen(socket.get(), backlog) != 0)
        return Error::from_errno("listening at " + path, errno);
    std::unique_ptr<Server> server(new Server(daemon, guests, std::move(socket)));
    TRY(daemon.loop.add(server->listening_.get(), EPOLLIN, *server));
    return server;
}

void Server::handle_descriptor(std::uint32_t) {
    chaos::UniqueFd socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open()) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOMEM)
            return; // it went away again
        // Nothing to take it in with: it would be announced again and again meanwhile.
        listen(false);
        return daemon_.loop.run_at(daemon_.loop.now() + pause, *this);
    }
    const int descriptor = socket.get();
    auto client = std::make_unique<Client>(daemon_, guests_, *this, std::move(socket));
    if (auto started = client->start(); !started)
        return daemon_.log.error("taking in a client: " + started.error().story());
    clients_[descriptor] = std::move(client);
    if (clients_.size() >= most_clients)
        listen(false);
}

void Server::listen(bool on) {
    (void)daemon_.loop.change(listening_.get(),
                              on ? std::uint32_t{EPOLLIN} : 0); // it is in the loop, so it can be changed
}

void Server::run_timer() {
    listen(clients_.size() < most_clients);
}

void Server::forget(int descriptor) {
    ended_.push_back(descriptor);
    daemon_.loop.run_soon(*this);
}

void Server::run_task() {
    for (const int descriptor : ended_)
        clients_.erase(descriptor);
    ended_.clear();
    listen(true);
}

} // namespace xendevd
