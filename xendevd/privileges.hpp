// SPDX-License-Identifier: BSD-3-Clause
// From root to what xendevd needs while it faces guests: its own user, one capability, few system calls.
#pragma once

#include <string>

#include "libchaos/result.hpp"

namespace xendevd {

/// Raises the limit of open files to what the kernel allows: each vif on a bridge takes one.
chaos::Result<void> raise_file_limit();

/// Gives `directory`, which is made if missing, to `user`.
chaos::Result<void> make_directory_for(const std::string& directory, unsigned mode, const std::string& user);

/// Becomes `user` for good, keeping only CAP_NET_ADMIN (TAP devices, ports of bridges). No-op when not root.
chaos::Result<void> become_user(const std::string& user);

/// From now on, system calls that xendevd has no use for fail with EPERM.
chaos::Result<void> restrict_system_calls();

} // namespace xendevd
