// SPDX-License-Identifier: BSD-3-Clause
// One client at a time is enough for a test.
#include "fake_xendevd.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include <gtest/gtest.h>

namespace chaos::test {

FakeXendevd::FakeXendevd(const std::string& path, Answer answer)
    : answer_(std::move(answer)), listening_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << path;
    EXPECT_EQ(::listen(listening_.get(), 8), 0);
    thread_ = std::thread([this] {
        while (true) {
            const UniqueFd client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client.is_open())
                return; // the test is over
            serve(client.get());
        }
    });
}

FakeXendevd::~FakeXendevd() {
    ::shutdown(listening_.get(), SHUT_RDWR); // wakes accept()
    thread_.join();
}

void FakeXendevd::serve(int client) {
    std::array<char, 65536> buffer;
    while (true) {
        const ssize_t got = ::recv(client, buffer.data(), buffer.size(), 0);
        if (got <= 0)
            return;
        const std::string_view packet(buffer.data(), static_cast<std::size_t>(got));
        const Json request = Json::parse(packet, nullptr, false);
        if (!request.is_object()) {
            typed += packet;
            continue;
        }
        for (const Json& reply : answer_(request)) {
            if (reply.is_null())
                return;
            const std::string text = reply.is_string() ? reply.get<std::string>() : reply.dump();
            ::send(client, text.data(), text.size(), MSG_NOSIGNAL);
        }
    }
}

} // namespace chaos::test
