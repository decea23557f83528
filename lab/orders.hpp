// SPDX-License-Identifier: BSD-3-Clause
// What one run of the lab is to do, as run.sh sends it through a virtio port.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace lab {

// On the wire: the length of the rest in decimal digits, a newline, then lines of key=value, an empty line,
// and the words of the command, each ended by a NUL.
struct Orders {
    std::map<std::string, std::string> settings;
    std::vector<std::string> command;
};

// Waits as long as it takes.
Orders receive_orders(int port);

// A machine that was started from a snapshot has the snapshot's time and random numbers: takes those of the
// orders.
void forget_the_snapshot(const Orders& orders);

} // namespace lab
