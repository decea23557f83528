// SPDX-License-Identifier: BSD-3-Clause
// Devices of guests with store="xenstore" that come, go and are looked at while the guest runs, with the lock of the
// guest's record held where they change.
#pragma once

#include <vector>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/domain/attach.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/state/registry.hpp"

namespace chaos {

inline bool is_registered(const GuestRecord& record) {
    return record.config.store == StoreMode::xenstore;
}

/// attach_vif() and attach_disk() in the record that `change` holds. `vif` has its MAC address.
Result<AttachedVif> attach_registered_vif(Host& host, RecordChange& change, const VifConfig& vif);
Result<AttachedDisk> attach_registered_disk(Host& host, RecordChange& change, const DiskConfig& disk);

/// Has the kernel's back-end let go and takes the device out of xenstored; it stays in the record. Without `force` the
/// guest is asked first, and nothing changes if it does not let go in time: timed_out.
Result<void> end_registered_device(Host& host, const devices::DetachRequest& request, int stop_fd);

/// What the kernel's back-ends say of the devices in the record.
Result<std::vector<devices::DeviceStatus>> registered_devices(Host& host, const GuestRecord& record,
                                                              devices::DeviceType type);

} // namespace chaos
