// SPDX-License-Identifier: BSD-3-Clause
// What guests that are alike must not share.
#include "libchaos/config/many_guests.hpp"

namespace chaos {

Result<void> check_repeatable(const GuestConfig& config) {
    for (const VifConfig& vif : config.vifs)
        if (vif.mac)
            return Error(ErrorKind::invalid_config,
                         "several guests cannot have one MAC address, " + to_text(*vif.mac))
                .advise("Leave mac= out of vif=: each guest is then given one of its own.");
    for (const DiskConfig& disk : config.disks)
        if (!disk.read_only)
            return Error(ErrorKind::invalid_config, "several guests cannot write to one disk, " + disk.path)
                .advise(
                    "Give it with access r, or make the guests one by one, each with an image of its own.");
    for (const VifConfig& vif : config.vifs)
        if (!vif.device_name.empty() || vif.ipv4)
            return Error(ErrorKind::invalid_config,
                         vif.ipv4 ? "several guests cannot have one address, " + to_text(*vif.ipv4)
                                  : "several guests cannot have one vifname, " + vif.device_name)
                .advise("Leave it out of vif=, or make the guests one by one.");
    return {};
}

Result<void> check_numbers(const GuestConfig& config, unsigned count) {
    if (config.uuid)
        return Error(ErrorKind::invalid_config,
                     "uuid is set, but " + std::to_string(count) + " guests cannot share one")
            .advise("Leave uuid out: each guest then gets its own.");
    return check_guest_name(numbered_name(config.name, count));
}

std::string numbered_name(const std::string& name, unsigned number) {
    return name + "-" + std::to_string(number);
}

} // namespace chaos
