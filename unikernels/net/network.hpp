// SPDX-License-Identifier: BSD-3-Clause
// The network of a guest: all of its vifs, and lwIP over them. An application starts it, listens by lwIP's callbacks
// (lwip/tcp.h, lwip/udp.h), says ready(), and leaves the rest to run().
#pragma once

#include "interface.hpp"
#include "runtime.hpp"

#include <cstdint>

#include <lwip/tcp.h>
#include <lwip/udp.h>

namespace unikernel::net {

struct Options {
    Vif::Options vif;
    /// Bytes that a TCP peer may send ahead, and that wait for a peer's acknowledgement; for each connection.
    std::uint32_t receive_window = 16 * 1460;
    std::uint32_t send_buffer = 8 * 1460;
};

/// For throughput: more memory, large frames both ways.
inline constexpr Options fast{.vif = {.receive_buffers = 256,
                                      .transmit_buffers = 192,
                                      .features = NOXS_VIF_CHECKSUM_BLANK | NOXS_VIF_PERSISTENT |
                                                  NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4},
                              .receive_window = 512 * 1024,
                              .send_buffer = 512 * 1024};

/// Offers the rings of every vif, then starts lwIP on them. The first one's address is that of the command line ("ip="), if
/// it has one. Vifs that come later are taken up and given up as they come and go.
void start(const BootInfo& boot, const Options& options = {});

/// Calls `accepted` for each connection to TCP port `port`; ends the guest if there is no memory for that.
void listen(std::uint16_t port, tcp_accept_fn accepted);
/// Calls `received` for each datagram to UDP port `port`.
void receive(std::uint16_t port, udp_recv_fn received);

/// Lets TCP hand over several segments at once on this connection, for the other side of the vif to cut. Worth it for
/// those that send much; to be called when the connection is established.
void send_large_segments(tcp_pcb* connection);

/// Once over everything that can be done now.
void round();
/// Sleeps until there is something for a round(), at most until `deadline_ns`.
void wait(std::uint64_t deadline_ns = ~std::uint64_t{0});
/// Rounds, for ever.
[[noreturn]] void run();

/// The vif of that number, for those that want to look; nothing if there is none.
Interface* interface(std::uint16_t id);

/// Bytes that lwIP may have of the heap; start() sets it to half of the RAM.
extern std::size_t memory_limit;

} // namespace unikernel::net
