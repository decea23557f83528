// SPDX-License-Identifier: BSD-3-Clause
// The split: shells prepared before anybody asks for a guest, and guests made in them when somebody does.
#pragma once

#include <optional>
#include <vector>

#include "libchaos/domain/create.hpp"
#include "libchaos/domain/execute.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/domain/watch_port.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// What a shell is to be prepared for.
struct ShellPlan {
    /// As the guests will be: memory, vCPUs, affinity, limits, store, ramdisk, and each vif's bridge, rate and MTU. Its
    /// name, UUID, command line and disks are not looked at, nor are the addresses of its vifs.
    GuestConfig shape;
    std::uint32_t disks = 0; ///< places for disks that the guest will name
    /// What its guests run, never null; it is loaded ahead of time if `hot`, and with it the ramdisk.
    const Kernel* kernel = nullptr;
    /// Of no effect for PV guests, whose memory cannot be filled before their command line is known.
    bool hot = false;
};

/// A shell that waits for its guest: its domain id is held by a locked file, and xendevd knows its console and vifs
/// already if it speaks noxs. (A stock guest's are made when the guest is known, as its store tells of it from the start.)
/// Move-only; when it goes everything of it goes, in Xen, in xendevd and in the registry. Not thread safe, and bound to
/// the Host it was prepared with until move_to(). It costs this process one open file and one mapping.
struct ReadyShell {
    Reservation reservation; ///< of the id; the name comes later
    Shell shell;
    std::vector<VifConfig> vifs =
        {}; ///< with the MAC addresses that were drawn, if is_served or registered with xenstored
    bool is_served = false; ///< xendevd knows it
    bool is_loaded = false; ///< with `kernel`, and `ramdisk` if there is one
    FileIdentity kernel = {};
    std::optional<FileIdentity> ramdisk = {};
    std::optional<WatchPort> watch =
        {}; ///< from watch_ahead(); after the shell, so that it is closed before it goes

    [[nodiscard]] DomainId id() const { return reservation.id(); }
    /// Hands it over to the thread that `host` belongs to. The former Host must not be used for it any more, so `watch` has
    /// to be empty: it belongs to its thread.
    void move_to(Host& host);
};

/// The first phase, ahead of time. On failure nothing is left. `stop_fd` as in CreateOptions.
Result<ReadyShell> prepare_ahead(Host& host, const ShellPlan& plan, int stop_fd = -1);

/// Binds ahead of time what a create_in() with `wait_ready` needs to hear its guest say so; nothing of a shell whose guest
/// cannot. The port is pending at once and has to be taken from host.events() and unmasked by whoever reads those.
Result<void> watch_ahead(Host& host, ReadyShell& shell);

/// Whether a guest of `config` on `kernel` can be made in shells of `plan`: same flavour, same kernel and ramdisk if hot,
/// same switches for its vifs, as many disks. MAC and IP addresses, names, UUID, command line and disks are free; a vifname
/// of its own is not. No system call.
bool suits(const ShellPlan& plan, const GuestConfig& config, const Kernel& kernel, bool device_server);

/// Whether the files that were loaded into the shell are still the same: one stat(2) for the kernel, and one for the ramdisk
/// if there is one. Fails if one cannot be looked at. True if nothing was loaded.
Result<bool> is_up_to_date(const ReadyShell& shell, const ShellPlan& plan);

/// Whether the shell is still what it was: a paused domain that nobody destroyed, ran or took. One hypercall.
Result<void> verify(Host& host, const ReadyShell& shell);

/// A guest that runs and is recorded, but whose maker may still undo it: it goes unless `started` is kept.
struct RunningGuest {
    StartedGuest started;
    CreatedGuest created;
};

/// The second phase: name, addresses, disks and command line, record, go. `config` must suit the shell's plan. On failure
/// the shell and all of the guest is gone; the guest may have run for a moment. With `wait_ready` of `options` set the
/// guest's "ready" can be waited for through `started`; this function does not wait.
Result<RunningGuest> create_in(Host& host, ReadyShell shell, const GuestConfig& config, const Kernel& kernel,
                               const CreateOptions& options);

} // namespace chaos
