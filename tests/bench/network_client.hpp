// SPDX-License-Identifier: BSD-3-Clause
// The other end of a guest's network: asks it the time, and pings it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace bench {

/// From the call until the whole answer of daytime (RFC 867, TCP port 13) is here: one connection, made again while
/// nobody answers. False if that took longer than `patience_ns`.
bool ask_time(const std::array<std::uint8_t, 4>& address, std::uint64_t patience_ns);

/// Sends ICMP echo requests and waits for their answers.
class Pinger {
  public:
    /// Ends the program where the kernel does not let it.
    Pinger();
    ~Pinger();
    Pinger(const Pinger&) = delete;
    Pinger& operator=(const Pinger&) = delete;

    /// One request; whether its answer came.
    bool ping(const std::array<std::uint8_t, 4>& address, std::uint64_t patience_ns);

  private:
    int socket_ = -1;
    std::uint16_t sequence_ = 0;
};

} // namespace bench
