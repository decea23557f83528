// SPDX-License-Identifier: BSD-3-Clause
// Plain sockets of dom0, as any client of a guest would use them.
#include "tests/bench/network_client.hpp"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/bench/samples.hpp"

namespace bench {

namespace {

constexpr std::uint16_t daytime_port = 13;
constexpr useconds_t pause_us = 100; // before a connection is tried again

sockaddr_in socket_address(const std::array<std::uint8_t, 4>& address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    std::memcpy(&result.sin_addr, address.data(), address.size());
    return result;
}

bool wait_for(int fd, short events, std::uint64_t deadline) {
    const std::uint64_t now = now_ns();
    pollfd polled{fd, events, 0};
    return now<deadline&& ::poll(&polled, 1, static_cast<int>((deadline - now) / 1'000'000 + 1))> 0;
}

bool read_answer(int fd, std::uint64_t deadline) {
    std::size_t size = 0;
    char buffer[256];
    while (wait_for(fd, POLLIN, deadline)) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got <= 0)
            return got == 0 && size > 0;
        size += static_cast<std::size_t>(got);
    }
    return false;
}

bool ask_once(const sockaddr_in& address, std::uint64_t deadline) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool begun = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
                       errno == EINPROGRESS;
    const bool answered = begun && wait_for(fd, POLLOUT, deadline) && read_answer(fd, deadline);
    ::close(fd);
    return answered;
}

std::uint16_t checksum(const std::uint16_t* words, std::size_t count) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += words[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

} // namespace

bool ask_time(const std::array<std::uint8_t, 4>& address, std::uint64_t patience_ns) {
    const std::uint64_t deadline = now_ns() + patience_ns;
    const sockaddr_in to = socket_address(address, daytime_port);
    while (!ask_once(to, deadline)) {
        if (now_ns() >= deadline)
            return false;
        ::usleep(pause_us);
    }
    return true;
}

Pinger::Pinger() : socket_(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)) {
    if (socket_ >= 0)
        return;
    std::perror("a raw socket for pings");
    std::exit(1);
}

Pinger::~Pinger() {
    ::close(socket_);
}

bool Pinger::ping(const std::array<std::uint8_t, 4>& address, std::uint64_t patience_ns) {
    const std::uint64_t deadline = now_ns() + patience_ns;
    const sockaddr_in to = socket_address(address, 0);
    icmphdr request{};
    request.type = ICMP_ECHO;
    request.un.echo.id = static_cast<std::uint16_t>(::getpid());
    request.un.echo.sequence = ++sequence_;
    std::uint16_t words[sizeof request / 2];
    std::memcpy(words, &request, sizeof request);
    request.checksum = checksum(words, std::size(words));
    if (::sendto(socket_, &request, sizeof request, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0)
        return false;
    while (wait_for(socket_, POLLIN, deadline)) {
        alignas(4) unsigned char packet[256]; // every ICMP packet of the host comes here
        const ssize_t got = ::recv(socket_, packet, sizeof packet, 0);
        const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
        icmphdr answer{};
        if (got < static_cast<ssize_t>(header + sizeof answer))
            continue;
        std::memcpy(&answer, packet + header, sizeof answer);
        if (answer.type == ICMP_ECHOREPLY && answer.un.echo.id == request.un.echo.id &&
            answer.un.echo.sequence == sequence_)
            return true;
    }
    return false;
}

} // namespace bench
