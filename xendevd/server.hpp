// SPDX-License-Identifier: BSD-3-Clause
// The socket that chaos and chaosd talk to: one JSON object per packet, one answer per request (docs/xendevd.md).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libchaos/unique_fd.hpp"
#include "xendevd/daemon.hpp"

namespace xendevd {

class Client;
class Guests;

class Server final : DescriptorHandler, Task, Timer {
  public:
    /// Listens at `path`, open to root and xendevd's own user. Fails if another xendevd does already; a socket that
    /// a dead one left is replaced.
    static chaos::Result<std::unique_ptr<Server>> open(Daemon& daemon, Guests& guests,
                                                       const std::string& path);
    ~Server();

    /// For a client that has ended: it is destroyed in the loop's next turn.
    void forget(int descriptor);

  private:
    Server(Daemon& daemon, Guests& guests, chaos::UniqueFd listening);
    void handle_descriptor(std::uint32_t events) override;
    void run_task() override;
    void run_timer() override;
    void listen(bool on);

    Daemon& daemon_;
    Guests& guests_;
    chaos::UniqueFd listening_;
    std::map<int, std::unique_ptr<Client>> clients_; ///< by descriptor
    std::vector<int> ended_;
};

} // namespace xendevd
