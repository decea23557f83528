// SPDX-License-Identifier: BSD-3-Clause
// A guest's devices as `list` tells them.
#include <nlohmann/json.hpp>

#include "xendevd/guest.hpp"

namespace xendevd {

namespace {

/// By their names in XenStore, with underscores. Of a disk's ring of several pages it is the first.
void describe_guest_end(DeviceType type, const GuestEnd& end, nlohmann::json& out) {
    if (raw(end.port) != 0)
        out["event_channel"] = raw(end.port);
    if (end.rings.empty())
        return;
    const auto& rings = end.rings;
    out[type == DeviceType::vif ? "tx_ring_ref" : "ring_ref"] = raw(rings.front());
    if (type == DeviceType::vif)
        out["rx_ring_ref"] = raw(rings.back());
}

template<typename Door>
nlohmann::json describe_device(DeviceType type, std::uint32_t id, Door& door) {
    const Backend& backend = door.backend();
    const Counters counters = backend.counters();
    nlohmann::json out{{"type", name_of(type)},
                       {"id", id},
                       {"state", to_text(door.state())},
                       {"counters",
                        {{"from_guest_bytes", counters.from_guest_bytes},
                         {"from_guest_operations", counters.from_guest_operations},
                         {"to_guest_bytes", counters.to_guest_bytes},
                         {"to_guest_operations", counters.to_guest_operations},
                         {"from_guest_dropped", counters.from_guest_dropped},
                         {"to_guest_dropped", counters.to_guest_dropped},
                         {"errors", counters.errors}}}};
    describe_guest_end(type, door.guest_end(), out);
    backend.describe(out);
    return out;
}

} // namespace

void Guest::describe(nlohmann::json& out) const {
    out = {{"domain", raw(domain_)}, {"uuid", uuid_.to_string()},      {"name", name_},
           {"shell", is_shell_},     {"console", console_ != nullptr}, {"devices", nlohmann::json::array()}};
    for (const auto& [key, device] : devices_) {
        const auto& [type, id] = key;
        if (device.door)
            out["devices"].push_back(describe_device(type, id, *device.door));
        else if (store_)
            if (StoreDoor* found = store_->find(store_device(type), id))
                out["devices"].push_back(describe_device(type, id, *found));
    }
}

} // namespace xendevd
