// SPDX-License-Identifier: BSD-3-Clause
// RFC 864: 72 of the 95 printable characters a line, each line one further on; after 95 lines all repeats.
#include "services.hpp"

#include "network.hpp"

#include <lwip/tcp.h>

namespace {

constexpr u16_t chargen_port = 19;
constexpr std::size_t characters = 95;
constexpr std::size_t line = 74;
constexpr std::size_t period = characters * line;
/// So much of it that any stretch of `largest_write` bytes can be sent from where it lies.
constexpr std::size_t largest_write = 60'000;

constinit char* pattern = nullptr;

/// The argument of a connection's callbacks is where in the period it is.
std::size_t place(void* argument) {
    return reinterpret_cast<std::size_t>(argument);
}

err_t go_on(tcp_pcb* connection, std::size_t at) {
    for (;;) {
        const auto length = static_cast<u16_t>(LWIP_MIN(largest_write, tcp_sndbuf(connection)));
        // Small pieces would become small segments.
        if (length < TCP_MSS || tcp_write(connection, pattern + at, length, 0) != ERR_OK) {
            break;
        }
        at = (at + length) % period;
    }
    tcp_arg(connection, reinterpret_cast<void*>(at));
    tcp_output(connection);
    return ERR_OK;
}

err_t received(void*, tcp_pcb* connection, pbuf* data, err_t) {
    if (data == nullptr) {
        tcp_abort(connection); // there is no end to what we would still have to say
        return ERR_ABRT;
    }
    tcp_recved(connection, data->tot_len);
    pbuf_free(data);
    return ERR_OK;
}

} // namespace

void start_chargen() {
    pattern = new char[period + largest_write];
    for (std::size_t i = 0; i < period + largest_write; ++i) {
        const std::size_t column = i % line;
        const std::size_t shift = i / line;
        pattern[i] = column == 72   ? '\r'
                     : column == 73 ? '\n'
                                    : static_cast<char>(' ' + (shift + column) % characters);
    }
    unikernel::net::listen(chargen_port, [](void*, tcp_pcb* connection, err_t error) {
        if (error != ERR_OK || connection == nullptr) {
            return static_cast<err_t>(ERR_VAL);
        }
        unikernel::net::send_large_segments(connection);
        tcp_recv(connection, received);
        tcp_sent(connection, [](void* argument, tcp_pcb* to, u16_t) { return go_on(to, place(argument)); });
        tcp_poll(
            connection, [](void* argument, tcp_pcb* to) { return go_on(to, place(argument)); }, 2);
        return go_on(connection, 0);
    });
}
