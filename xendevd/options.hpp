// SPDX-License-Identifier: BSD-3-Clause
// What xendevd is told: its command line, and a file with the same options.
#pragma once

#include <string>
#include <vector>

#include "libchaos/result.hpp"

namespace xendevd {

struct Options {
    bool help = false;
    bool version = false;
    bool check = false; ///< look whether this host is fit, and end
    bool debug = false;
    std::string config_file = "/etc/chaos/xendevd.conf";
    std::string socket = "/run/chaos/xendevd.sock";
    std::string xenstored_socket = "/run/xenstored/socket";
    std::string state_directory = "/run/chaos";
    std::string log_directory = "/var/log/chaos";
    std::string user = "xendevd";
    std::string default_bridge;
    std::vector<std::string> switches; ///< NAME[=ADDRESS/PREFIX]
};

/// Reads the command line, then the file for what the command line leaves open. A missing file is an error only if it was
/// named. Fails with invalid_argument.
chaos::Result<Options> parse_options(int argument_count, const char* const* arguments);

/// What --help prints.
std::string help_text();

} // namespace xendevd
