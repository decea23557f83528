// SPDX-License-Identifier: BSD-3-Clause
// A guest's devices as `list` tells them.
#include <nlohmann/json.hpp>

#include "xendevd/guest.hpp"

namespace xendevd {

namespace {

nlohmann::json describe_backend(DeviceType type, std::uint32_t id, DeviceState state,
                                const Backend& backend) {
    const Counters counters = backend.counters();
    nlohmann::json out{{"type", name_of(type)},
                       {"id", id},
                       {"state", to_text(state)},
                       {"counters",
                        {{"from_guest_bytes", counters.from_guest_bytes},
                         {"from_guest_operations", counters.from_guest_operations},
                         {"to_guest_bytes", counters.to_guest_bytes},
                         {"to_guest_operations", counters.to_guest_operations},
                         {"from_guest_dropped", counters.from_guest_dropped},
                         {"to_guest_dropped", counters.to_guest_dropped},
                         {"errors", counters.errors}}}};
    backend.describe(out);
    return out;
}

} // namespace

void Guest::describe(nlohmann::json& out) const {
    out = {{"domain", raw(domain_)},
           {"uuid", uuid_.to_string()},
           {"name", name_},
           {"console", console_ != nullptr},
           {"devices", nlohmann::json::array()}};
    for (const auto& [key, device] : devices_) {
        const auto& [type, id] = key;
        if (device.door)
            out["devices"].push_back(
                describe_backend(type, id, device.door->state(), device.door->backend()));
        else if (store_)
            if (StoreDoor* found = store_->find(store_device(type), id))
                out["devices"].push_back(describe_backend(type, id, found->state(), found->backend()));
    }
}

} // namespace xendevd
