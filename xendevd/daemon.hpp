// SPDX-License-Identifier: BSD-3-Clause
// What every part of xendevd works with: one of each per process, passed by reference, made in main.cpp.
#pragma once

#include <string>

#include "libchaos/xen/grant_table.hpp"
#include "xendevd/event_loop.hpp"
#include "xendevd/log.hpp"

namespace xendevd {

class Networks; // vif/networks.hpp: Linux bridges, Open vSwitch, own switches

struct Daemon {
    EventLoop& loop;
    chaos::xen::GrantTable& grants;
    Log& log;
    Networks* networks;        ///< nullptr in tests that make no vif
    std::string log_directory; ///< of guests' consoles
};

} // namespace xendevd
