// SPDX-License-Identifier: BSD-3-Clause
// RFC 862. What is received goes out from the very buffers it came in; how much of it waits is what the receive window
// allows, which opens as the peer takes its own bytes back.
#include "services.hpp"

#include "network.hpp"

#include <lwip/tcp.h>
#include <lwip/udp.h>

namespace {

constexpr u16_t echo_port = 7;

/// Received, not yet handed to TCP for sending; the argument of a connection's callbacks.
struct Echo {
    pbuf* waiting = nullptr;
    bool ended = false; // by the peer
};

err_t drop(tcp_pcb* connection, Echo* echo) {
    tcp_arg(connection, nullptr);
    tcp_recv(connection, nullptr);
    tcp_sent(connection, nullptr);
    tcp_err(connection, nullptr);
    if (echo->waiting != nullptr) {
        pbuf_free(echo->waiting);
    }
    delete echo;
    if (tcp_close(connection) != ERR_OK) {
        tcp_abort(connection);
        return ERR_ABRT;
    }
    return ERR_OK;
}

/// Hands over as much as TCP takes. It copies: the buffers belong to the vif, which wants them back.
err_t go_on(tcp_pcb* connection, Echo* echo) {
    while (echo->waiting != nullptr) {
        pbuf* const first = echo->waiting;
        const u16_t length = static_cast<u16_t>(LWIP_MIN(first->len, tcp_sndbuf(connection)));
        if (length == 0 || tcp_write(connection, first->payload, length, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            break;
        }
        // What went on its way may be received anew.
        tcp_recved(connection, length);
        echo->waiting = pbuf_free_header(first, length);
    }
    tcp_output(connection);
    return echo->ended && echo->waiting == nullptr ? drop(connection, echo) : static_cast<err_t>(ERR_OK);
}

err_t received(void* argument, tcp_pcb* connection, pbuf* data, err_t) {
    auto* echo = static_cast<Echo*>(argument);
    if (data == nullptr) {
        echo->ended = true;
    } else if (echo->waiting == nullptr) {
        echo->waiting = data;
    } else {
        // The whole of it is bounded by the window, but a length by 16 bits.
        if (echo->waiting->tot_len + data->tot_len > 0xffff) {
            return ERR_MEM; // it is offered again
        }
        pbuf_cat(echo->waiting, data);
    }
    return go_on(connection, echo);
}

err_t accepted(void*, tcp_pcb* connection, err_t error) {
    auto* echo = error == ERR_OK && connection != nullptr ? new (std::nothrow) Echo : nullptr;
    if (echo == nullptr) {
        return ERR_MEM;
    }
    unikernel::net::send_large_segments(connection);
    tcp_nagle_disable(connection);
    tcp_arg(connection, echo);
    tcp_recv(connection, received);
    tcp_sent(connection,
             [](void* argument, tcp_pcb* to, u16_t) { return go_on(to, static_cast<Echo*>(argument)); });
    tcp_err(connection, [](void* argument, err_t) {
        auto* lost = static_cast<Echo*>(argument);
        if (lost->waiting != nullptr) {
            pbuf_free(lost->waiting);
        }
        delete lost;
    });
    return ERR_OK;
}

} // namespace

void start_echo() {
    unikernel::net::listen(echo_port, accepted);
    unikernel::net::receive(echo_port,
                            [](void*, udp_pcb* socket, pbuf* data, const ip_addr_t* from, u16_t port) {
                                udp_sendto(socket, data, from, port);
                                pbuf_free(data);
                            });
}
