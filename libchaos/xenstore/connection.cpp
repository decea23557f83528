// SPDX-License-Identifier: BSD-3-Clause
// One send for a whole batch, then its answers, which come in the order of the requests.
#include "libchaos/xenstore/connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace chaos::xenstore {

namespace {

/// Longer than any request takes a xenstored that works.
constexpr std::chrono::seconds patience{20};

Error lost() {
    return Error(ErrorKind::system, "xenstored has closed the connection")
        .advise("Does it still run? A host whose xenstored has ended has to be rebooted.");
}

/// Whether a failure of the request is what was wanted anyway.
bool does_not_matter(Operation operation, int reason) {
    switch (operation) {
    case Operation::read:
    case Operation::directory:
    case Operation::remove:
    case Operation::unwatch:
        return reason == ENOENT;
    case Operation::release:
        return reason == ENOENT || reason == EINVAL;
    default:
        return false;
    }
}

Error refusal_of(const Message& request, int reason) {
    const std::string_view first = request.payload.substr(0, request.payload.find('\0'));
    return Error::from_errno(
        std::string("xenstored refused to ") + name_of(request.operation) + " " + std::string(first), reason);
}

} // namespace

Result<void> Connection::connect() {
    if (socket_.is_open())
        return {};
    received_.clear();
    taken_ = 0;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
        return Error(ErrorKind::invalid_argument, "the path of xenstored's socket is too long: " + path_);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open())
        return Error::from_errno("making a socket for xenstored", errno);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int reason = errno;
        Error error = Error::from_errno("connecting to xenstored at " + path_, reason);
        if (reason != ENOENT && reason != ECONNREFUSED)
            return error;
        return std::move(error)
            .as(ErrorKind::not_found)
            .advise("Start it with `systemctl start xenstored`, or leave store=\"xenstore\" out: chaos needs "
                    "no xenstored.");
    }
    socket_ = std::move(socket);
    return {};
}

Result<void> Connection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return Error::from_errno("writing to xenstored", errno);
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<Message> Connection::receive(Clock::time_point deadline, int stop_fd) {
    while (true) {
        const auto message = TRY(take_message(std::string_view(received_).substr(taken_)));
        if (message) {
            taken_ += message->size();
            return *message;
        }
        received_.erase(0, taken_);
        taken_ = 0;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0)
            return Error(ErrorKind::timed_out, "nothing came from xenstored in time");
        std::array<pollfd, 2> polled{{{socket_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
        const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR)
            return Error::from_errno("waiting for xenstored", errno);
        if (ready > 0 && polled[1].revents)
            return Error(ErrorKind::interrupted, "interrupted");
        if (ready <= 0)
            continue;
        constexpr std::size_t most = 16384;
        const std::size_t before = received_.size();
        received_.resize(before + most);
        ssize_t got = 0;
        do
            got = ::recv(socket_.get(), received_.data() + before, most, 0);
        while (got < 0 && errno == EINTR);
        const int reason = errno;
        received_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
        if (got < 0 && reason != ECONNRESET)
            return Error::from_errno("reading from xenstored", reason);
        if (got <= 0)
            return lost();
    }
}

Result<std::vector<Connection::Answer>> Connection::exchange(const Batch& batch) {
    TRY(connect());
    TRY(send(batch.bytes()));
    std::vector<Answer> answers;
    answers.reserve(batch.size());
    std::optional<Error> first;
    while (answers.size() < batch.size()) {
        const Message message = TRY(receive(Clock::now() + patience, -1));
        if (message.operation == Operation::watch_event) {
            has_event_ = true;
            continue;
        }
        if (message.request != answers.size())
            return Error(ErrorKind::system, "xenstored answered something that was not asked");
        Answer& answer = answers.emplace_back();
        if (message.operation != Operation::error) {
            answer = std::string(message.payload);
            continue;
        }
        const Message request = batch.request(answers.size() - 1);
        const int reason = errno_of(message.payload);
        if (!first && !does_not_matter(request.operation, reason))
            first = refusal_of(request, reason);
    }
    is_in_step_ = true;
    if (first)
        return std::move(*first);
    return answers;
}

Result<std::vector<Connection::Answer>> Connection::ask(const Batch& batch) {
    is_in_step_ = false;
    auto answers = exchange(batch);
    if (!is_in_step_)
        socket_.reset(); // answers to this may still come, and would be taken for those to the next
    return answers;
}

Result<void> Connection::carry_out(const Batch& batch) {
    TRY(ask(batch));
    return {};
}

Result<Connection::Answer> Connection::read(std::string_view path) {
    Batch batch;
    batch.read(path);
    return std::move(TRY(ask(batch)).front());
}

Result<void> Connection::wait_for_event(Clock::time_point deadline, int stop_fd) {
    auto message = receive(deadline, stop_fd);
    if (message)
        return {};
    if (message.error().kind() != ErrorKind::timed_out && message.error().kind() != ErrorKind::interrupted)
        socket_.reset();
    return std::move(message).error();
}

Result<void> Connection::wait_for(const std::string& path, std::chrono::milliseconds timeout, int stop_fd,
                                  const std::function<Result<bool>(const Answer&)>& wanted) {
    const auto deadline = Clock::now() + timeout;
    constexpr std::string_view token = "chaos";
    Batch begin, end;
    begin.watch(path, token);
    begin.read(path);
    end.unwatch(path, token);
    const auto wait = [&]() -> Result<void> {
        has_event_ = false;
        Answer answer = std::move(TRY(ask(begin)).back());
        while (!TRY(wanted(answer))) {
            // One that came with the answer may be of a change after it: xenstored drops an event while one of the same
            // path is still to be sent, be it that of the watch's beginning.
            if (!std::exchange(has_event_, false))
                TRY(wait_for_event(deadline, stop_fd));
            answer = TRY(read(path));
        }
        return {};
    };
    auto waited = wait();
    if (socket_.is_open())
        (void)ask(end); // a watch too many costs a message each
    return waited;
}

} // namespace chaos::xenstore
