// SPDX-License-Identifier: BSD-3-Clause
// Vifs and disks in xenstored, for the kernel's back-ends: the front end's directory, the back-end's, and libxl's copy.
#pragma once

#include <string>

#include "libchaos/config/devices.hpp"
#include "libchaos/config/guest_config.hpp"
#include "libchaos/xenstore/batch.hpp"
#include "libchaos/xenstore/loop_device.hpp"

namespace chaos::xenstore {

/// One device of one guest.
struct DeviceAddress {
    DomainId domain{};
    std::string type;     ///< "vif" or "vbd"
    std::uint32_t id = 0; ///< of a disk: its virtual device number

    [[nodiscard]] std::string front_end() const; ///< "/local/domain/5/device/vif/0"
    [[nodiscard]] std::string back_end() const;  ///< "/local/domain/0/backend/vif/5/0"
    [[nodiscard]] std::string libxl() const;     ///< "/libxl/5/device/vif/0"
    /// What the kernel calls the back-end: "vif-5-0", in its directory of devices.
    [[nodiscard]] std::string name() const;
};

/// In a back-end's directory: xendevd, and no script, is to set up what the kernel has made for it.
constexpr const char* plug_key = "hotplug-by";
constexpr const char* plug_value = "xendevd";

/// The bridge of a vif that names none, as with xl.
constexpr const char* default_bridge = "xenbr0";

/// A vif with its MAC address. The back-end begins to work when it sees the last of these keys.
void add_vif(Batch& batch, const DeviceAddress& address, const VifConfig& vif);
/// The address of a vif whose front end has not begun to work.
void change_mac(Batch& batch, const DeviceAddress& address, const MacAddress& mac);

/// A disk whose image is `device`; `path` is what it is called in the configuration, absolute.
void add_disk(Batch& batch, const DeviceAddress& address, const DiskConfig& disk, const std::string& path,
              const BlockDevice& device, GuestType type);

/// Asks the front end to let go; the back-end's state becomes state_closed when it has.
void ask_to_close(Batch& batch, const DeviceAddress& address);
void remove_device(Batch& batch, const DeviceAddress& address);

/// xen/io/xenbus.h
constexpr const char* state_closing = "5";
constexpr const char* state_closed = "6";

} // namespace chaos::xenstore
