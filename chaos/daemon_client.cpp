// SPDX-License-Identifier: BSD-3-Clause
// What the daemon sends is checked like anybody's: a wrong answer is an error, never a crash.
#include "chaos/daemon_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "chaos/daemon_error.hpp"

namespace chaos::cli {

namespace {

constexpr std::size_t largest_head = 16 * 1024;
constexpr std::size_t largest_answer = 64 * 1024 * 1024; // of a batch of all the guests there can be
constexpr std::string_view line_end = "\r\n";

[[gnu::cold]] Error not_understood(const char* why) {
    return Error(ErrorKind::system, std::string("chaosd's answer is not understood: ") + why)
        .advise("Do chaos and chaosd come from one installation?");
}

[[gnu::cold]] Error went_away() {
    return Error(ErrorKind::system, "chaosd has closed the connection")
        .advise("'journalctl -u chaosd' tells why, if it has ended. What it was making is undone.");
}

/// "Content-Length: 12" has a name in any case, and spaces before its value.
bool has_name(std::string_view line, std::string_view name) {
    if (line.size() <= name.size() || line[name.size()] != ':')
        return false;
    for (std::size_t at = 0; at < name.size(); ++at)
        if ((line[at] | 0x20) != name[at])
            return false;
    return true;
}

std::string_view value_of(std::string_view line) {
    line.remove_prefix(line.find(':') + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line;
}

template<typename Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return problem == std::errc() && end == text.data() + text.size();
}

} // namespace

Result<std::optional<DaemonClient>> DaemonClient::connect_if_running(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path || ::access(path.c_str(), F_OK) != 0)
        return std::optional<DaemonClient>();
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open())
        return Error::from_errno("socket", errno).while_doing("connecting to chaosd");
    while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == ECONNREFUSED || errno == ENOENT)
            return std::optional<DaemonClient>(); // it left its socket
        return Error::from_errno("connect", errno).while_doing("connecting to chaosd at " + path);
    }
    return std::optional(DaemonClient(std::move(socket)));
}

Result<DaemonClient> DaemonClient::connect(const std::string& path) {
    auto client = TRY(connect_if_running(path));
    if (!client)
        return Error::from_errno("chaosd does not run: " + path, ECONNREFUSED)
            .advise("Start it with 'systemctl start chaosd', or by hand as 'chaosd &'.");
    return std::move(*client);
}

Result<void> DaemonClient::send(std::string_view method, std::string_view target, std::string_view body) {
    std::string text;
    text.reserve(128 + target.size() + body.size());
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: chaosd\r\n");
    if (!body.empty())
        text.append("Content-Length: ").append(std::to_string(body.size())).append(line_end);
    text.append(line_end).append(body);
    for (std::string_view rest = text; !rest.empty();) {
        const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EPIPE ? Result<void>() // it may have said why
                                  : Error::from_errno("send", errno).while_doing("asking chaosd");
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<bool> DaemonClient::read_more(int stop_fd) {
    while (true) {
        if (stop_fd >= 0) {
            std::array<pollfd, 2> polled{{{socket_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
            if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
                return Error::from_errno("poll", errno).while_doing("waiting for chaosd");
            if (polled[0].revents == 0) {
                if (polled[1].revents == 0)
                    continue;
                socket_.reset();
                return Error(ErrorKind::interrupted, "interrupted");
            }
        }
        std::array<char, 4096> buffer;
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno != ECONNRESET)
            return Error::from_errno("recv", errno).while_doing("waiting for chaosd");
        if (got <= 0)
            return false;
        in_.append(buffer.data(), static_cast<std::size_t>(got));
        return true;
    }
}

Result<std::string> DaemonClient::take_line(int stop_fd) {
    std::size_t end = 0;
    while ((end = in_.find(line_end)) == in_.npos) {
        if (in_.size() > largest_head)
            return not_understood("its head has no end");
        if (!TRY(read_more(stop_fd)))
            return went_away();
    }
    std::string line = in_.substr(0, end);
    in_.erase(0, end + line_end.size());
    return line;
}

Result<DaemonClient::Head> DaemonClient::read_head(int stop_fd) {
    Head head;
    const std::string first = TRY(take_line(stop_fd));
    if (!first.starts_with("HTTP/1.1 ") || first.size() < 12 ||
        !read_number(std::string_view(first).substr(9, 3), head.status))
        return not_understood("it is not HTTP/1.1");
    for (std::size_t size = 0; size <= largest_head;) {
        const std::string line = TRY(take_line(stop_fd));
        if (line.empty())
            return head;
        size += line.size();
        if (has_name(line, "content-length")) {
            std::size_t length = 0;
            if (!read_number(value_of(line), length) || length > largest_answer)
                return not_understood("it has no sensible length");
            head.length = length;
        }
        if (has_name(line, "transfer-encoding"))
            head.chunked = value_of(line) == "chunked";
    }
    return not_understood("its head has no end");
}

Result<std::string> DaemonClient::read_body(const Head& head, int stop_fd) {
    if (!head.length)
        return head.status == 204 ? Result<std::string>(std::string()) : not_understood("it has no length");
    while (in_.size() < *head.length)
        if (!TRY(read_more(stop_fd)))
            return went_away();
    std::string body = in_.substr(0, *head.length);
    in_.erase(0, *head.length);
    return body;
}

Result<std::string> DaemonClient::ask(std::string_view method, std::string_view target, std::string_view body,
                                      int stop_fd) {
    TRY(send(method, target, body));
    const Head head = TRY(read_head(stop_fd));
    std::string answer = TRY(read_body(head, stop_fd));
    if (head.status < 200 || head.status > 299)
        return error_of_daemon(answer);
    return answer;
}

Result<void> DaemonClient::follow(std::string_view target, int stop_fd) {
    TRY(send("GET", target, {}));
    const Head head = TRY(read_head(stop_fd));
    if (head.status != 200)
        return error_of_daemon(TRY(read_body(head, stop_fd)));
    if (!head.chunked)
        return not_understood("it is no stream");
    return {};
}

Result<std::string> DaemonClient::take_chunk(int stop_fd) {
    const std::string first = TRY(take_line(stop_fd));
    std::size_t size = 0;
    if (!read_number(first, size, 16) || size > largest_answer)
        return not_understood("a chunk has no size");
    while (in_.size() < size + line_end.size())
        if (!TRY(read_more(stop_fd)))
            return went_away();
    std::string chunk = in_.substr(0, size);
    in_.erase(0, size + line_end.size());
    return chunk;
}

Result<std::optional<std::string>> DaemonClient::next_line(int stop_fd) {
    while (true) {
        if (const auto end = lines_.find('\n'); end != lines_.npos) {
            std::string line = lines_.substr(0, end);
            lines_.erase(0, end + 1);
            if (!line.empty()) // an empty one says that the connection lives
                return std::optional(std::move(line));
            continue;
        }
        if (in_.empty() && !TRY(read_more(stop_fd)))
            return std::optional<std::string>();
        const std::string chunk = TRY(take_chunk(stop_fd));
        if (chunk.empty())
            return std::optional<std::string>();
        lines_ += chunk;
    }
}

std::string in_target(std::string_view part) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (const char character : part) {
        const auto byte = static_cast<unsigned char>(character);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= 'a' && byte <= 'z') || byte == '.' || byte == '_' || byte == '-';
        if (plain) {
            text += character;
        } else {
            text += '%';
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
    }
    return text;
}

} // namespace chaos::cli
