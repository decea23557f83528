// SPDX-License-Identifier: BSD-3-Clause
// One connection: a request is read, answered and written, then the next; or events are written until somebody goes.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <sys/types.h>

#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/http_server.hpp"
#include "chaos/daemon/api/request_reader.hpp"

namespace chaos::daemon::api {

class Session final : public Caller, public std::enable_shared_from_this<Session> {
  public:
    using Socket = boost::asio::local::stream_protocol::socket;
    using Clock = std::chrono::steady_clock;
    /// Told once, when the connection is closed.
    using Ended = std::function<void(Session&)>;

    Session(Socket socket, uid_t user, std::shared_ptr<Api> api, const Limits& limits, Ended ended);

    void start();
    /// Closes what has waited for its client too long.
    void look(Clock::time_point now);
    void close();
    [[nodiscard]] uid_t user() const { return user_; }

    void answer(Response response) override;
    bool is_there() override;

  private:
    enum class State : std::uint8_t {
        reading,   ///< a request, or waiting for one
        working,   ///< on a request: nothing is read meanwhile, however much has been sent
        writing,   ///< its answer
        streaming, ///< events
        draining,  ///< what is still coming is thrown away, so that the last answer reaches its reader
        closed,
    };

    void read();
    void advance();
    void write();
    void written();
    void drain();
    void stream(EventFilter filter);
    void send_chunk(std::string_view line);
    void set_deadline(std::chrono::milliseconds after) { deadline_ = Clock::now() + after; }

    Socket socket_;
    const uid_t user_;
    const std::shared_ptr<Api> api_; ///< it must be there for what goes on after the server is gone
    const Limits limits_;
    Ended ended_;

    State state_ = State::reading;
    Clock::time_point deadline_;
    RequestReader reader_;
    std::array<char, 4096> chunk_;
    std::string in_; ///< read and not yet taken by the reader
    bool reading_ = false;
    bool only_head_ = false; ///< the request is a HEAD
    bool keep_alive_ = true;
    bool chunks_ = true;

    std::string out_; ///< being written, from sent_ on
    std::size_t sent_ = 0;
    bool writing_ = false;
    std::string waiting_; ///< of a stream, while out_ is written
    Clock::time_point heartbeat_;
    Events::Subscription subscription_;
};

} // namespace chaos::daemon::api
