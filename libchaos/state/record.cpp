// SPDX-License-Identifier: BSD-3-Clause
// A record as what it was made from.
#include "libchaos/state/record.hpp"

namespace chaos {

GuestConfig GuestRecord::current_config() const {
    GuestConfig current = config;
    current.uuid = uuid;
    for (const VifRecord& vif : vifs)
        current.vifs.push_back(vif.config);
    for (const DiskRecord& disk : disks)
        current.disks.push_back(disk.config);
    return current;
}

} // namespace chaos
