// SPDX-License-Identifier: BSD-3-Clause
// The states of a connection. Every wait for a client has a deadline, which the server looks at now and then: a timer for
// each would cost more than the requests.
#include "chaos/daemon/api/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <poll.h>

#include "chaos/daemon/api/error_response.hpp"
#include "chaos/daemon/api/response_head.hpp"
#include "chaos/daemon/api/shapes.hpp"

namespace chaos::daemon::api {

namespace {

using Failure = boost::system::error_code;

constexpr std::chrono::milliseconds time_to_drain{2'000};

} // namespace

Session::Session(Socket socket, uid_t user, std::shared_ptr<Api> api, const Limits& limits, Ended ended)
    : socket_(std::move(socket)), user_(user), api_(std::move(api)), limits_(limits),
      ended_(std::move(ended)) {}

void Session::start() {
    set_deadline(limits_.idle);
    read();
}

void Session::close() {
    if (state_ == State::closed)
        return;
    state_ = State::closed;
    subscription_ = {};
    Failure ignored;
    socket_.close(ignored);
    ended_(*this);
}

bool Session::is_there() {
    if (state_ == State::closed)
        return false;
    // A client that has only ended its sending still reads; one that is gone hangs up.
    pollfd look{socket_.native_handle(), 0, 0};
    return ::poll(&look, 1, 0) <= 0 || (look.revents & (POLLHUP | POLLERR)) == 0;
}

void Session::look(Clock::time_point now) {
    if (state_ == State::streaming && now >= heartbeat_)
        send_chunk("\n");
    const bool waits = state_ == State::streaming ? writing_ : state_ != State::working;
    if (!waits || now < deadline_)
        return;
    if (state_ != State::reading || !reader_.has_begun())
        return close();
    keep_alive_ = false;
    answer(error_response(408, Error(ErrorKind::timed_out, "the request has not come to its end in time")));
}

// ---- requests ---------------------------------------------------------------------------------------------

void Session::read() {
    if (std::exchange(reading_, true))
        return;
    socket_.async_read_some(
        boost::asio::buffer(chunk_), [self = shared_from_this()](Failure failure, std::size_t got) {
            self->reading_ = false;
            if (self->state_ == State::closed)
                return;
            if (self->state_ == State::streaming || self->state_ == State::draining) {
                if (!failure)
                    return self->read(); // and nobody looks at it
                if (self->state_ == State::draining || !self->is_there())
                    self->close();
                return;
            }
            if (failure)
                return self->close(); // also when a request was cut: nobody is left to be told
            if (self->in_.empty() && !self->reader_.has_begun())
                self->set_deadline(self->limits_.slow_request);
            self->in_.append(self->chunk_.data(), got);
            self->advance();
        });
}

/// Takes the next request out of what has been read, or reads more.
void Session::advance() {
    std::string_view bytes = in_;
    const auto progress = reader_.take(bytes);
    in_.erase(0, in_.size() - bytes.size());
    switch (progress) {
    case RequestReader::Progress::needs_more:
        if (reader_.take_continue()) {
            Failure ignored; // 25 bytes; if they cannot be sent, neither can anything else
            socket_.write_some(boost::asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), ignored);
        }
        return read();
    case RequestReader::Progress::refused:
        only_head_ = false;
        keep_alive_ = false;
        return answer(reader_.refusal());
    case RequestReader::Progress::complete:
        break;
    }
    Request request = reader_.request();
    only_head_ = request.method == Method::head;
    keep_alive_ = request.keep_alive;
    chunks_ = request.chunks;
    state_ = State::working;
    api_->handle(std::move(request), shared_from_this());
}

// ---- answers ----------------------------------------------------------------------------------------------

void Session::answer(Response response) {
    if (state_ == State::closed)
        return;
    if (response.events && !chunks_)
        keep_alive_ = false;
    out_ = response_head(response, keep_alive_, chunks_);
    sent_ = 0;
    if (response.events && !only_head_)
        return stream(std::move(*response.events));
    if (!only_head_)
        out_ += response.body;
    state_ = State::writing;
    write();
}

void Session::write() {
    writing_ = true;
    set_deadline(limits_.slow_reader);
    socket_.async_write_some(boost::asio::buffer(out_.data() + sent_, out_.size() - sent_),
                             [self = shared_from_this()](Failure failure, std::size_t wrote) {
                                 self->writing_ = false;
                                 if (self->state_ == State::closed)
                                     return;
                                 if (failure)
                                     return self->close();
                                 self->sent_ += wrote;
                                 if (self->sent_ < self->out_.size())
                                     return self->write();
                                 self->written();
                             });
}

void Session::written() {
    out_.clear();
    sent_ = 0;
    if (state_ == State::streaming) {
        if (waiting_.empty())
            return;
        out_.swap(waiting_);
        return write();
    }
    if (!keep_alive_)
        return drain();
    if (out_.capacity() > 64 * 1024)
        out_.shrink_to_fit();
    state_ = State::reading;
    set_deadline(in_.empty() ? limits_.idle : limits_.slow_request);
    if (in_.empty())
        return read();
    advance();
}

/// A socket that is closed with bytes unread takes the answer back from a client that is still sending.
void Session::drain() {
    Failure ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    state_ = State::draining;
    set_deadline(time_to_drain);
    read();
}

// ---- events -----------------------------------------------------------------------------------------------

void Session::stream(EventFilter filter) {
    state_ = State::streaming;
    heartbeat_ = Clock::now() + limits_.heartbeat;
    // The subscription is this session's, and goes with it.
    subscription_ = api_->service().events().listen([this, filter = std::move(filter)](const Event& event) {
        if (state_ == State::streaming && filter.lets_through(event))
            send_chunk(to_json(event) + '\n');
    });
    write();
    read(); // to see it go
}

void Session::send_chunk(std::string_view line) {
    heartbeat_ = Clock::now() + limits_.heartbeat;
    if (waiting_.size() + line.size() > limits_.stream_bytes) {
        // Not at once: this is called by the events, which must not lose a listener while they call it.
        state_ = State::draining;
        boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
        return;
    }
    std::string& text = writing_ ? waiting_ : out_;
    if (chunks_) {
        char size[20];
        const int length = std::snprintf(size, sizeof size, "%zx\r\n", line.size());
        text.append(size, static_cast<std::size_t>(length)).append(line).append("\r\n");
    } else {
        text.append(line);
    }
    if (!writing_)
        write();
}

} // namespace chaos::daemon::api
