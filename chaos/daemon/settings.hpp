// SPDX-License-Identifier: BSD-3-Clause
// What chaosd's file says: /etc/chaos/chaos.toml.
//
//     [daemon]
//     socket = "/run/chaos/chaosd.sock"
//     [pools]
//     memory = "2G"                        # of all shells together
//     [flavours.web]
//     memory = 16                          # keys as in xl.cfg
//     kernel = "/boot/web"
//     vif = ["bridge=xenbr0"]
//     disks = 1
//     [pools.web]
//     max = 8
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/daemon/service.hpp"

namespace chaos::daemon {

struct Settings {
    std::optional<std::string> socket;
    std::optional<unsigned> socket_mode; ///< as chmod(2) takes it
    std::optional<std::string> socket_group;
    std::optional<unsigned> workers;     ///< 1 to 64
    std::optional<unsigned> waiters;     ///< 1 to 256
    std::optional<unsigned> most_queued; ///< 1 to 65536

    std::optional<std::uint64_t> shells_kib;  ///< memory that all shells may hold together
    std::optional<std::uint64_t> reserve_kib; ///< free memory that refilling leaves

    std::vector<FlavourSpec> flavours;     ///< by name
    std::map<std::string, PoolSpec> pools; ///< by flavour; each has one
};

/// Limits on files that nobody writes by hand.
constexpr std::size_t most_flavours = 256;

/// A flavour's keys are those of xl.cfg(5), read by the same code, so messages are the same; their lines are those of
/// `text`. Fails with invalid_config, naming `origin` and the line.
Result<Settings> parse_daemon_settings(std::string_view text, std::string_view origin);

/// The same from a file; an empty Settings if there is none and `must_exist` is false.
Result<Settings> load_daemon_settings(const std::string& path, bool must_exist);

} // namespace chaos::daemon
