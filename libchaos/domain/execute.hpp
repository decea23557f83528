// SPDX-License-Identifier: BSD-3-Clause
// The second phase of a creation: a shell becomes one particular running guest.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "libchaos/devices/image.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/domain/watch_port.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// A guest that has been started. Unless it is kept it goes with this object: its devices, its domain, and then its
/// record if it has one. Bound to the thread of its Host.
class StartedGuest {
  public:
    StartedGuest(Host& host, Shell shell, std::optional<WatchPort> watch)
        : host_(&host), shell_(std::move(shell)), watch_(std::move(watch)) {}
    StartedGuest(StartedGuest&& other) noexcept
        : host_(other.host_), shell_(std::move(other.shell_)), watch_(std::move(other.watch_)),
          recorded_(std::exchange(other.recorded_, {})) {}
    StartedGuest& operator=(StartedGuest&&) = delete;
    ~StartedGuest();

    [[nodiscard]] const Shell& shell() const { return shell_; }
    /// For an event loop: the port of this domain that the guest notifies when there is news on its system device. It is
    /// bound on host.events() until this object goes; only of guests executed with `watch`. Once it was taken from there
    /// as pending it is masked until it is unmasked.
    [[nodiscard]] std::optional<EventChannelPort> local_port() const {
        return watch_ ? std::optional(watch_->port()) : std::nullopt;
    }
    /// Whether the guest has said "ready"; no system call. Only of guests executed with `watch`.
    [[nodiscard]] bool is_ready() const;
    /// Fails with guest_failed if the guest has stopped or is gone; its last console output is in the advice. One
    /// hypercall. Nothing notifies of a guest's end, so whoever waits looks now and then.
    [[nodiscard]] Result<void> check_alive() const;
    /// The guest has a record, as `uuid`.
    void recorded(const Uuid& uuid) { recorded_ = uuid; }
    /// Waits for "ready" on the system device; only for guests executed with `watch`. Fails with guest_failed
    /// if the guest stops first (its last console output is in the advice), timed_out, or interrupted.
    Result<void> wait_ready(std::chrono::milliseconds timeout, int stop_fd);
    /// The guest lives on after this object.
    void keep() {
        shell_.backends.release();
        shell_.registration.release();
        shell_.domain.release();
        recorded_.reset();
    }

  private:
    [[nodiscard]] Error with_last_words(Error error) const;

    Host* host_;
    Shell shell_;
    std::optional<WatchPort> watch_;
    std::optional<Uuid> recorded_;
};

struct ExecuteOptions {
    bool paused = false; ///< do not let it run yet
    bool watch = false;  ///< bind the system device so that wait_ready() can be called
    /// xendevd, if it runs: it serves the guest's console, and its vifs and disks if there are any.
    devices::Client* devices = nullptr;
    std::span<const devices::OpenImage> images = {}; ///< of config.disks, in their order
    int stop_fd = -1;                                ///< as in CreateOptions
};

/// Loads kernel, ramdisk and command line of `config` into the shell and sets the entry point: the first part of execute().
Result<void> load(Host& host, Shell& shell, const GuestConfig& config, const Kernel& kernel);
/// Changes the command line of a PVH shell that load() was done with.
Result<void> set_command_line(const Shell& shell, const std::string& command_line);
/// Lets a shell run that is loaded and served, unless `paused`: the last part of execute(). `watch` as in ExecuteOptions;
/// `bound` is its system device's port if that was bound ahead of time.
Result<StartedGuest> start(Host& host, Shell shell, bool paused, bool watch,
                           std::optional<WatchPort> bound = {});

/// Loads kernel, ramdisk and command line of `config` into the shell, sets the entry point, has its devices served and
/// lets it run. The shell must be of the flavour that `config` needs.
/// On failure the shell's domain is gone.
Result<StartedGuest> execute(Host& host, Shell shell, const GuestConfig& config, const Kernel& kernel,
                             const ExecuteOptions& options);

} // namespace chaos
