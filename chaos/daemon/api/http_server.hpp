// SPDX-License-Identifier: BSD-3-Clause
// chaosd's API on a Unix socket: HTTP/1.1, on the loop that the service runs on.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "chaos/daemon/service.hpp"

namespace boost::asio {
class io_context;
}

namespace chaos::daemon::api {

/// What a client may take of the daemon. Times are those of the steady clock.
struct Limits {
    std::size_t connections = 1024;
    std::size_t connections_per_user = 512;
    std::chrono::milliseconds idle{60'000};         ///< between two requests
    std::chrono::milliseconds slow_request{10'000}; ///< from a request's first byte to its last
    std::chrono::milliseconds slow_reader{10'000};  ///< without a byte of the answer taken
    std::chrono::milliseconds heartbeat{
        15'000}; ///< an empty line in a stream of events that has nothing to tell
    std::size_t stream_bytes =
        256 * 1024; ///< of events that wait for their reader; more, and the stream is cut
    std::chrono::milliseconds look{500}; ///< how often all of this is looked at
};

struct ServerOptions {
    std::string path = "/run/chaos/chaosd.sock";
    unsigned mode = 0660;
    std::string group; ///< of the socket's file; empty: that of the process
    Limits limits;
};

class HttpServer {
  public:
    /// Listens; requests are answered as soon as the loop runs. Service and loop must outlive the server, and whatever the
    /// service still has to call back may be called after it.
    static Result<std::unique_ptr<HttpServer>> open(boost::asio::io_context& loop, Service& service,
                                                    const ServerOptions& options);
    /// Closes all connections and the socket.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

  private:
    class Listener;
    explicit HttpServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
    std::shared_ptr<Listener> listener_;
};

} // namespace chaos::daemon::api
