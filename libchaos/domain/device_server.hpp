// SPDX-License-Identifier: BSD-3-Clause
// Having xendevd serve a new guest: one request for all that it has.
#pragma once

#include <span>

#include "libchaos/devices/client.hpp"
#include "libchaos/devices/image.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/image/kernel.hpp"

namespace chaos {

/// Whether a guest of `config` on a kernel with these headers cannot do without xendevd.
bool needs_device_server(const GuestConfig& config);

/// Whether its devices suit what the kernel can drive: fails with invalid_config.
Result<void> check_devices(const GuestConfig& config, const KernelHeaders& headers);

/// Whether the kernel's back-ends can do what is asked of the devices of `config`: fails with invalid_config.
Result<void> check_kernel_limits(const GuestConfig& config);

/// Draws the MAC addresses that `config` leaves open.
void complete_vifs(GuestConfig& config);

/// Among some thousand addresses that were drawn two are the same: whoever had one drawn draws again, so many times.
constexpr int most_draws = 4;
/// True if xendevd refused because of an address that was drawn for one of `complete`, rather than given in `asked`.
bool is_about_drawn_address(const Error& refusal, std::span<const VifConfig> asked,
                            std::span<const VifConfig> complete);

/// Fills the control pages of a shell that is about to run and has xendevd serve console, store and devices; the shell is
/// then bound to make xendevd forget them. `config` has all MAC addresses, `images` are its disks. A xendevd that stopped
/// meanwhile is an Error only for a guest that needs it.
Result<void> serve_devices(devices::Client& client, Shell& shell, const GuestConfig& config,
                           std::span<const devices::OpenImage> images, int stop_fd);

/// As serve_devices() for a shell that speaks noxs, whose guest is not known yet: console and `vifs`, which have MAC
/// addresses. Nothing of it is looked at before it is settled.
Result<void> serve_shell(devices::Client& client, Shell& shell, std::span<const VifConfig> vifs, int stop_fd);

/// Fills the control pages of such a shell and tells xendevd what it has become, which is answered later:
/// Client::settled(). `vifs` is what it was served with, `next_uuid` what its domain's handle is changed to.
Result<void> begin_settling(devices::Client& client, const Shell& shell, std::span<const VifConfig> vifs,
                            const GuestConfig& config, const std::optional<Uuid>& next_uuid,
                            std::span<const devices::OpenImage> images);

/// The devices of a started guest, as they are recorded.
void record_devices(GuestRecord& record, const Shell& shell, const GuestConfig& config,
                    std::span<const devices::OpenImage> images);

} // namespace chaos
