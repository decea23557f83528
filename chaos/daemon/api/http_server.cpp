// SPDX-License-Identifier: BSD-3-Clause
// Takes clients in, counts them, and looks after those that keep the daemon waiting.
#include "chaos/daemon/api/http_server.hpp"

#include <map>
#include <unordered_map>

#include "chaos/daemon/api/error_response.hpp"
#include "chaos/daemon/api/listening_socket.hpp"
#include "chaos/daemon/api/response_head.hpp"
#include "chaos/daemon/api/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace chaos::daemon::api {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using Protocol = asio::local::stream_protocol;

class HttpServer::Listener : public std::enable_shared_from_this<HttpServer::Listener> {
  public:
    Listener(asio::io_context& loop, Service& service, const Limits& limits, ListeningSocket socket)
        : limits_(limits),
          api_(std::make_shared<Api>(
              service, [&loop](std::function<void()> task) { asio::post(loop, std::move(task)); })),
          socket_(std::move(socket)), acceptor_(loop), accept_timer_(loop), look_timer_(loop) {}

    Result<void> start() {
        const int copy = ::fcntl(socket_->fd(), F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
            return Error::from_errno("fcntl", errno);
        Failure failure;
        acceptor_.assign(Protocol(), copy, failure);
        if (failure) {
            ::close(copy);
            return Error(ErrorKind::system, "taking the socket in: " + failure.message());
        }
        accept();
        return {};
    }

    void stop() {
        stopped_ = true;
        Failure ignored;
        acceptor_.close(ignored);
        socket_.reset(); // now, and not when the last handler lets go of this
        accept_timer_.cancel(ignored);
        look_timer_.cancel(ignored);
        const auto sessions = std::move(sessions_);
        sessions_.clear();
        for (const auto& [address, session] : sessions)
            session->close();
    }

  private:
    void accept() {
        acceptor_.async_accept([self = shared_from_this()](Failure failure, Protocol::socket client) {
            if (self->stopped_)
                return;
            if (!failure) {
                self->take_in(std::move(client));
                return self->accept();
            }
            if (failure != asio::error::no_descriptors && failure != asio::error::no_memory &&
                failure != boost::system::errc::too_many_files_open_in_system)
                return self->accept(); // it went away again
            // Nothing to take it in with: it would be announced again and again meanwhile.
            self->accept_timer_.expires_after(std::chrono::milliseconds(100));
            self->accept_timer_.async_wait([self](Failure) {
                if (!self->stopped_)
                    self->accept();
            });
        });
    }

    void take_in(Protocol::socket client) {
        ucred peer{};
        socklen_t size = sizeof peer;
        Failure failure;
        client.non_blocking(true, failure);
        if (failure || ::getsockopt(client.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
            return;
        std::size_t& of_user = users_[peer.uid];
        if (sessions_.size() >= limits_.connections || of_user >= limits_.connections_per_user) {
            if (of_user == 0)
                users_.erase(peer.uid);
            return refuse(client);
        }
        ++of_user;
        auto session = std::make_shared<Session>(std::move(client), peer.uid, api_, limits_,
                                                 [weak = weak_from_this()](Session& ended) {
                                                     if (const auto self = weak.lock())
                                                         self->forget(ended);
                                                 });
        sessions_.emplace(session.get(), session);
        if (sessions_.size() == 1)
            look_later();
        session->start();
    }

    static void refuse(Protocol::socket& client) {
        const Response response =
            error_response(503, Error(ErrorKind::system, "chaosd has as many connections as it takes")
                                    .advise("Try again later."));
        Failure ignored; // it fits, or its reader is out of luck
        client.write_some(asio::buffer(response_head(response, false, true) + response.body), ignored);
    }

    void forget(Session& session) {
        if (const auto user = users_.find(session.user()); user != users_.end() && --user->second == 0)
            users_.erase(user);
        sessions_.erase(&session);
    }

    void look_later() {
        look_timer_.expires_after(limits_.look);
        look_timer_.async_wait([self = shared_from_this()](Failure failure) {
            if (failure || self->stopped_)
                return;
            std::vector<std::shared_ptr<Session>> all; // a look may end one
            all.reserve(self->sessions_.size());
            for (const auto& [address, session] : self->sessions_)
                all.push_back(session);
            const auto now = Session::Clock::now();
            for (const auto& session : all)
                session->look(now);
            if (!self->sessions_.empty())
                self->look_later();
        });
    }

    const Limits limits_;
    std::shared_ptr<Api> api_;
    std::optional<ListeningSocket> socket_;
    Protocol::acceptor acceptor_;
    asio::steady_timer accept_timer_;
    asio::steady_timer look_timer_;
    bool stopped_ = false;
    std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
    std::map<uid_t, std::size_t> users_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(asio::io_context& loop, Service& service,
                                                     const ServerOptions& options) {
    ListeningSocket socket = TRY(ListeningSocket::open(options.path, options.mode, options.group));
    auto listener = std::make_shared<Listener>(loop, service, options.limits, std::move(socket));
    TRY(listener->start());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

HttpServer::~HttpServer() {
    listener_->stop();
}

} // namespace chaos::daemon::api
