// SPDX-License-Identifier: BSD-3-Clause
// One connection to xendevd's socket: takes a request, has it carried out, answers, and takes the next.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/unique_fd.hpp"
#include "xendevd/daemon.hpp"

namespace xendevd {

class Guest;
class Guests;
class Server;

class Client final : DescriptorHandler {
  public:
    Client(Daemon& daemon, Guests& guests, Server& server, chaos::UniqueFd socket);
    ~Client();
    /// Enters the loop.
    chaos::Result<void> start();

  private:
    void handle_descriptor(std::uint32_t events) override;
    void take_request();
    void carry_out(std::string_view text, std::vector<chaos::UniqueFd> files);
    void become_console(chaos::DomainId domain, bool write);
    void begin_list(const chaos::devices::ListRequest& request);
    static std::string packet_of(const Guest& guest);

    void answer(chaos::Result<void> result);
    void send(std::string packet);
    void send_more();
    void end();

    Daemon& daemon_;
    Guests& guests_;
    Server& server_;
    chaos::UniqueFd socket_;
    std::deque<std::string> outgoing_;
    std::optional<std::uint32_t>
        listing_from_; ///< a list is under way: guests from this id on are still to be sent
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); ///< false once destroyed: removals end later
    bool waiting_ = false;    ///< for a request to be carried out: no other is taken meanwhile
    bool is_writing_ = false; ///< the loop tells when there is room for more
    bool ended_ = false;
};

} // namespace xendevd
