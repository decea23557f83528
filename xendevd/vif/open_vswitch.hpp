// SPDX-License-Identifier: BSD-3-Clause
// Ports on bridges of Open vSwitch, by its database: JSON-RPC over a socket (RFC 7047), no process started.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace xendevd {

class OpenVswitch {
  public:
    explicit OpenVswitch(std::string socket = "/run/openvswitch/db.sock") : socket_(std::move(socket)) {}

    /// Connects if it can be done now: at the start, while this process still may. The connection is kept.
    void connect_early() { (void)connect().has_value(); }
    /// False too if there is no Open vSwitch.
    chaos::Result<bool> has_bridge(const std::string& name);
    /// Makes `interface` a port of the bridge, in `vlan` if given; if it was one before, it is so anew.
    chaos::Result<void> add_port(const std::string& bridge, const std::string& interface,
                                 std::optional<std::uint16_t> vlan);
    chaos::Result<void> remove_port(const std::string& interface);

  private:
    chaos::Result<void> connect();
    /// Carries out `operations` as one transaction; returns their results.
    chaos::Result<nlohmann::json> transact(const nlohmann::json& operations);
    chaos::Result<nlohmann::json> exchange(const std::string& request);
    /// The port's row, or null.
    chaos::Result<nlohmann::json> find_port(const std::string& interface);

    std::string socket_;
    chaos::UniqueFd connection_;
    unsigned id_ = 0;
};

} // namespace xendevd
