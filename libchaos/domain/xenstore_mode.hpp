// SPDX-License-Identifier: BSD-3-Clause
// Guests with store="xenstore": registered with the host's xenstored as xl registers its own, with the kernel's back-ends
// and xenconsoled's console (docs/decisions/18-xenstore-mode.md).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libchaos/devices/image.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/xenstore/device_keys.hpp"
#include "libchaos/xenstore/loop_device.hpp"

namespace chaos {

/// The part of prepare: all keys that do not name the guest, and its vifs, which have their MAC addresses. From then on the
/// kernel makes their back-ends and xendevd connects those, while other things are done. On failure, and whenever the shell
/// goes, all of it goes with the shell's domain.
Result<void> xenstore_prepare(Host& host, Shell& shell, std::span<const VifConfig> vifs);

/// For a guest that wants another UUID than its shell has; `shell` still has its own.
Result<void> xenstore_change_uuid(Host& host, Shell& shell, const Uuid& uuid);

/// The part of execute, once the image is loaded: name, disks, other MAC addresses than the shell's, and of a PV guest the
/// rings; done when the back-ends have what they need. `images` are those of config.disks; their locks are held by the
/// loop devices from then on.
Result<void> xenstore_execute(Host& host, Shell& shell, const GuestConfig& config,
                              std::span<const devices::OpenImage> images, int stop_fd);

/// Waits until a vif is connected to its bridge. Fails as xendevd did at that, or with timed_out and advice.
Result<void> wait_for_vif(Host& host, const xenstore::DeviceAddress& vif, int stop_fd);
/// Waits until the kernel's back-end has opened a disk.
Result<void> wait_for_disk(Host& host, const xenstore::DeviceAddress& disk, int stop_fd);
/// Waits until the kernel has no back-end of that device any more.
Result<void> wait_until_gone(Host& host, const xenstore::DeviceAddress& device);

/// Fails if the kernel has no back-end for such devices: "vif" or "vbd".
Result<void> check_kernel_back_end(Host& host, const char* type);

enum class Ending : std::uint8_t {
    with_domain,
    without_domain, ///< it is gone already
    /// By who is making it, and has the domain, so that all keys of that id are its: requests are sent together, and even
    /// the one that says whose they are may have failed.
    half_made,
};

/// Ends a guest that is registered as (domain, uuid): its back-ends, its domain, and all of its keys. Nothing is done to
/// keys of another guest with that id. Works again after having been interrupted anywhere.
Result<void> end_registered(Host& host, DomainId domain, const Uuid& uuid, Ending ending);

} // namespace chaos
