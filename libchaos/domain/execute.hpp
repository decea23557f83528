// SPDX-License-Identifier: BSD-3-Clause
// The second phase of a creation: a shell becomes one particular running guest.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "libchaos/devices/image.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// A guest that has been started but not yet recorded. Destroys its domain unless kept.
class StartedGuest {
  public:
    StartedGuest(Host& host, Shell shell, std::optional<EventChannelPort> local_port)
        : host_(&host), shell_(std::move(shell)), local_port_(local_port) {}
    StartedGuest(StartedGuest&& other) noexcept
        : host_(other.host_), shell_(std::move(other.shell_)),
          local_port_(std::exchange(other.local_port_, {})) {}
    StartedGuest& operator=(StartedGuest&&) = delete;
    ~StartedGuest();

    [[nodiscard]] const Shell& shell() const { return shell_; }
    /// Waits for "ready" on the system device; only for guests executed with `watch`. Fails with guest_failed
    /// if the guest stops first (its last console output is in the advice), timed_out, or interrupted.
    Result<void> wait_ready(std::chrono::milliseconds timeout, int stop_fd);
    /// The guest lives on after this object.
    void keep() {
        shell_.backends.release();
        shell_.domain.release();
    }

  private:
    Host* host_;
    Shell shell_;
    std::optional<EventChannelPort> local_port_; // bound to the system device while watching
};

struct ExecuteOptions {
    bool paused = false; ///< do not let it run yet
    bool watch = false;  ///< bind the system device so that wait_ready() can be called
    /// xendevd, if it runs: it serves the guest's console, and its vifs and disks if there are any.
    devices::Client* devices = nullptr;
    std::span<const devices::OpenImage> images = {}; ///< of config.disks, in their order
    int stop_fd = -1;                                ///< as in CreateOptions
};

/// Loads kernel, ramdisk and command line of `config` into the shell, sets the entry point, has its devices served and
/// lets it run. The shell must be of the flavour that `config` needs.
/// On failure the shell's domain is gone.
Result<StartedGuest> execute(Host& host, Shell shell, const GuestConfig& config, const Kernel& kernel,
                             const ExecuteOptions& options);

} // namespace chaos
