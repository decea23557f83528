// SPDX-License-Identifier: BSD-3-Clause
// What a verb is given besides its arguments: the host, and what the global options said.
#pragma once

#include <optional>
#include <string>

#include "libchaos/domain/host.hpp"

namespace chaos::cli {

class Context {
  public:
    HostOptions host_options;
    bool json = false;
    bool verbose = false;

    /// Opened on first use, so that help, version and --dry-run work on any machine.
    Result<Host*> host() {
        if (!host_)
            host_.emplace(TRY(Host::open(host_options)));
        return &*host_;
    }

    /// Where Kernel::open keeps unpacked kernels.
    [[nodiscard]] std::string kernel_cache() const { return host_options.cache_directory + "/kernels"; }

    /// Where chaosd listens, if it runs.
    [[nodiscard]] std::string daemon_socket() const { return host_options.state_directory + "/chaosd.sock"; }

  private:
    std::optional<Host> host_;
};

} // namespace chaos::cli
