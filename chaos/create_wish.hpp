// SPDX-License-Identifier: BSD-3-Clause
// What a `chaos create` asks for besides the configuration.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace chaos::cli {

struct CreateWish {
    unsigned count = 1;
    bool paused = false;
    bool console = false;
    bool dry_run = false;
    bool no_daemon = false;
    std::string flavour;
    std::optional<std::chrono::milliseconds> wait;
};

} // namespace chaos::cli
