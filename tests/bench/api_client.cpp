// SPDX-License-Identifier: BSD-3-Clause
// Keeps the connection: what is measured is a request, not a connection.
#include "tests/bench/api_client.hpp"

#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "tests/bench/process.hpp"

namespace bench {

namespace {

/// The value of a header, or nothing.
std::string_view header(std::string_view headers, std::string_view name) {
    for (std::size_t line = 0; line < headers.size();) {
        const std::size_t end = std::min(headers.find("\r\n", line), headers.size());
        const std::string_view text = headers.substr(line, end - line);
        if (text.size() > name.size() && text[name.size()] == ':' &&
            ::strncasecmp(text.data(), name.data(), name.size()) == 0) {
            const std::size_t value = text.find_first_not_of(' ', name.size() + 1);
            return value == text.npos ? std::string_view() : text.substr(value);
        }
        line = end + 2;
    }
    return {};
}

} // namespace

ApiClient::ApiClient(const std::string& socket_path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fail("connecting to chaosd at " + socket_path + ": " + std::strerror(errno));
    request("GET", "/v1/host");
}

ApiClient::ApiClient(ApiClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

ApiClient::~ApiClient() {
    if (socket_ >= 0)
        ::close(socket_);
}

void ApiClient::receive_more() {
    char buffer[16384];
    const ssize_t got = ::read(socket_, buffer, sizeof buffer);
    if (got <= 0)
        fail(std::string("chaosd's reply: ") + (got == 0 ? "it hung up" : std::strerror(errno)));
    received_.append(buffer, static_cast<std::size_t>(got));
}

ApiClient::Reply ApiClient::request(std::string_view method, std::string_view path, std::string_view body) {
    std::string text(method);
    text.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
    if (!body.empty())
        text.append("Content-Type: application/json\r\n");
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
        fail(std::string("asking chaosd: ") + std::strerror(errno));

    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == received_.npos)
        receive_more();
    Reply reply;
    const std::size_t space = received_.find(' ');
    reply.status = std::atoi(received_.c_str() + (space < end ? space + 1 : end));
    const std::string length(header(std::string_view(received_).substr(0, end), "Content-Length"));
    const std::size_t size = length.empty() ? 0 : std::strtoul(length.c_str(), nullptr, 10);
    while (received_.size() < end + 4 + size)
        receive_more();
    reply.body = received_.substr(end + 4, size);
    received_.erase(0, end + 4 + size);
    return reply;
}

} // namespace bench
