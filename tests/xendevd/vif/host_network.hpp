// SPDX-License-Identifier: BSD-3-Clause
// A network of the kernel's own for one test program: nothing it does is seen by the machine it runs on.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace xendevd {

/// True if this process has a network to itself now; it takes root, and a kernel that lets it. /sys shows that network.
inline bool enter_own_network() {
    static const bool is_there = ::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
                                 ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                                 ::mount("sysfs", "/sys", "sysfs", 0, nullptr) == 0 &&
                                 ::access("/dev/net/tun", R_OK | W_OK) == 0;
    return is_there;
}

inline bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

} // namespace xendevd
