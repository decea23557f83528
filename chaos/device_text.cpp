// SPDX-License-Identifier: BSD-3-Clause
// xl's columns, from what xendevd tells. Scripts read these: they are an interface.
#include "chaos/device_text.hpp"

#include "chaos/output.hpp"

namespace chaos::cli {

namespace {

/// A detail by its name, or `otherwise`.
std::string detail(const devices::DeviceStatus& device, std::string_view name, const char* otherwise) {
    for (const auto& [key, value] : device.details) {
        if (key != name)
            continue;
        if (const auto* number = std::get_if<std::uint64_t>(&value))
            return std::to_string(*number);
        if (const auto* text = std::get_if<std::string>(&value); text && !text->empty())
            return *text;
    }
    return otherwise;
}

/// Where the back-end is. xl names a node of XenStore here; chaos has none, and names the thing itself.
std::string network_path(const devices::DeviceStatus& vif) {
    const std::string bridge = detail(vif, "bridge", "-"), port = detail(vif, "tap", "");
    return port.empty() ? bridge : bridge + "/" + port;
}

} // namespace

const char* const network_list_heading =
    "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                       \n";
const char* const block_list_heading =
    "Vdev  BE  handle state evt-ch ring-ref BE-path                       \n";

std::string network_list_row(const devices::DeviceStatus& vif) {
    const std::string id = std::to_string(vif.id);
    return format("%-3s %-2d %-17s %6s %5d %6s %5s/%-11s %-30s\n", id.c_str(), 0,
                  detail(vif, "mac", "-").c_str(), id.c_str(), xenbus_state(vif.state),
                  detail(vif, "event_channel", "-1").c_str(), detail(vif, "tx_ring_ref", "-1").c_str(),
                  detail(vif, "rx_ring_ref", "-1").c_str(), network_path(vif).c_str());
}

std::string block_list_row(const devices::DeviceStatus& vbd) {
    return format("%-5s %-3d %-6s %-5d %-6s %-8s %-30s\n",
                  detail(vbd, "virtual_device", std::to_string(vbd.id).c_str()).c_str(), 0,
                  std::to_string(vbd.id).c_str(), xenbus_state(vbd.state),
                  detail(vbd, "event_channel", "-1").c_str(), detail(vbd, "ring_ref", "-1").c_str(),
                  detail(vbd, "path", "-").c_str());
}

int xenbus_state(std::string_view state) {
    if (state == "waiting")
        return 2; // XenbusStateInitWait
    if (state == "connected")
        return 4;
    if (state == "closing")
        return 5;
    if (state == "absent")
        return 1; // XenbusStateInitialising
    return 6;     // closed, or as good as that
}

Json json_of(const devices::Counters& counters) {
    return {
        {"from_guest_bytes", counters.from_guest_bytes},
        {"from_guest_operations", counters.from_guest_operations},
        {"to_guest_bytes", counters.to_guest_bytes},
        {"to_guest_operations", counters.to_guest_operations},
        {"from_guest_dropped", counters.from_guest_dropped},
        {"to_guest_dropped", counters.to_guest_dropped},
        {"errors", counters.errors},
    };
}

Json json_of(const devices::DeviceStatus& device) {
    Json json = {{"id", device.id}, {"state", device.state}, {"counters", json_of(device.counters)}};
    for (const auto& detail : device.details)
        if (!json.contains(detail.first))
            std::visit([&](const auto& plain) { json[detail.first] = plain; }, detail.second);
    return json;
}

} // namespace chaos::cli
