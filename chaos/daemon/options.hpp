// SPDX-License-Identifier: BSD-3-Clause
// chaosd's command line. What is not given there is what the file says (settings.hpp), or a default.
#pragma once

#include <string>

#include "libchaos/result.hpp"

namespace chaos::daemon {

struct Options {
    bool help = false;
    bool version = false;
    bool check = false; ///< look whether the file is right and this host is fit, and end
    std::string config_file = "/etc/chaos/chaos.toml";
    bool config_named = false; ///< then it must exist
    std::string socket;        ///< empty: what the file says, or default_socket
    std::string state_directory = "/run/chaos";
    std::string library_directory = "/var/lib/chaos";
    std::string cache_directory = "/var/cache/chaos";
    std::string xendevd_socket = "/run/chaos/xendevd.sock";
};

constexpr const char* default_socket = "/run/chaos/chaosd.sock";

/// Fails with invalid_argument.
Result<Options> parse_options(int argument_count, const char* const* arguments);

/// What --help prints.
std::string help_text();

} // namespace chaos::daemon
