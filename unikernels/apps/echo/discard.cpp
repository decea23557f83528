// SPDX-License-Identifier: BSD-3-Clause
// RFC 863.
#include "services.hpp"

#include "network.hpp"

#include <lwip/tcp.h>
#include <lwip/udp.h>

namespace {

constexpr u16_t discard_port = 9;

err_t received(void*, tcp_pcb* connection, pbuf* data, err_t) {
    if (data == nullptr) {
        if (tcp_close(connection) == ERR_OK) {
            return ERR_OK;
        }
        tcp_abort(connection);
        return ERR_ABRT;
    }
    tcp_recved(connection, data->tot_len);
    pbuf_free(data);
    return ERR_OK;
}

} // namespace

void start_discard() {
    unikernel::net::listen(discard_port, [](void*, tcp_pcb* connection, err_t error) {
        if (error != ERR_OK || connection == nullptr) {
            return static_cast<err_t>(ERR_VAL);
        }
        tcp_recv(connection, received);
        return static_cast<err_t>(ERR_OK);
    });
    unikernel::net::receive(discard_port,
                            [](void*, udp_pcb*, pbuf* data, const ip_addr_t*, u16_t) { pbuf_free(data); });
}
