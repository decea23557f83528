// SPDX-License-Identifier: BSD-3-Clause
// Tells the time to whoever connects to TCP port 13 (RFC 867), and answers pings. Its address is that of the command line
// ("ip=10.0.0.2/24 gateway=10.0.0.1"), the one the toolstack suggests, or one from DHCP.
#include "date.hpp"
#include "network.hpp"

#include <lwip/tcp.h>

using namespace unikernel;

namespace {

constexpr u16_t daytime_port = 13;

err_t answer(void*, tcp_pcb* connection, err_t error) {
    if (error != ERR_OK || connection == nullptr) {
        return ERR_VAL;
    }
    char buffer[64];
    const auto line = write_date(buffer, wall_clock_ns() / 1'000'000'000);
    // The end of the connection goes out with the line.
    tcp_write(connection, line.data(), static_cast<u16_t>(line.size()), TCP_WRITE_FLAG_COPY);
    if (tcp_close(connection) != ERR_OK) {
        tcp_abort(connection);
        return ERR_ABRT;
    }
    return ERR_OK;
}

} // namespace

void unikernel::app_main(const BootInfo& boot) {
    net::start(boot);
    net::listen(daytime_port, answer);
    ready();
    net::run();
}
