// SPDX-License-Identifier: BSD-3-Clause
// Counters of devices, added up and laid out.
#include "chaos/served_devices.hpp"

#include <algorithm>

#include "chaos/device_text.hpp"
#include "chaos/output.hpp"
#include "libchaos/devices/client.hpp"

namespace chaos::cli {

namespace {

/// The sum over all devices of that type.
devices::Counters total(const ServedDevices& served, std::string_view type) {
    devices::Counters sum;
    for (const devices::GuestStatus& guest : served.guests)
        for (const devices::DeviceStatus& device : guest.devices) {
            if (device.type != type)
                continue;
            sum.from_guest_bytes += device.counters.from_guest_bytes;
            sum.from_guest_operations += device.counters.from_guest_operations;
            sum.to_guest_bytes += device.counters.to_guest_bytes;
            sum.to_guest_operations += device.counters.to_guest_operations;
            sum.from_guest_dropped += device.counters.from_guest_dropped;
            sum.to_guest_dropped += device.counters.to_guest_dropped;
            sum.errors += device.counters.errors;
        }
    return sum;
}

unsigned long long wide(std::uint64_t number) {
    return number;
}

std::string row_of(const devices::GuestStatus& guest, const devices::DeviceStatus& device) {
    const devices::Counters& counters = device.counters;
    return format("%-32s %-4s %6u %-9s %14llu %12llu %14llu %12llu %9llu\n", guest.name.c_str(),
                  device.type.c_str(), device.id, device.state.c_str(), wide(counters.from_guest_bytes),
                  wide(counters.from_guest_operations), wide(counters.to_guest_bytes),
                  wide(counters.to_guest_operations),
                  wide(counters.from_guest_dropped + counters.to_guest_dropped + counters.errors));
}

} // namespace

Result<std::optional<ServedDevices>> ask_xendevd(Host& host) {
    devices::Client* xendevd = TRY(host.devices());
    if (xendevd == nullptr)
        return std::optional<ServedDevices>();
    ServedDevices served;
    served.daemon = TRY(xendevd->status());
    served.guests = TRY(xendevd->list());
    return std::optional<ServedDevices>(std::move(served));
}

Json json_of(const ServedDevices& served) {
    Json list = Json::array();
    for (const devices::GuestStatus& guest : served.guests)
        for (const devices::DeviceStatus& device : guest.devices) {
            Json member = {{"guest", guest.name}, {"domain", raw(guest.domain)}, {"type", device.type}};
            member.update(json_of(device));
            list.push_back(std::move(member));
        }
    return {{"version", served.daemon.version},
            {"pid", served.daemon.pid},
            {"guests", served.daemon.guests},
            {"devices", served.daemon.devices},
            {"vif_counters", json_of(total(served, "vif"))},
            {"vbd_counters", json_of(total(served, "vbd"))},
            {"device_list", std::move(list)}};
}

std::string summary_of(const ServedDevices& served) {
    return format("%s, pid %llu, %llu guests, %llu devices", served.daemon.version.c_str(),
                  wide(served.daemon.pid), wide(served.daemon.guests), wide(served.daemon.devices));
}

std::string traffic_of(const ServedDevices& served, std::string_view type, const char* from, const char* to) {
    const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / (1024 * 1024); };
    const devices::Counters counters = total(served, type);
    std::string text = format("%.1f MiB in %llu %s, %.1f MiB in %llu %s", mib(counters.from_guest_bytes),
                              wide(counters.from_guest_operations), from, mib(counters.to_guest_bytes),
                              wide(counters.to_guest_operations), to);
    if (const std::uint64_t dropped = counters.from_guest_dropped + counters.to_guest_dropped; dropped > 0)
        text += format(", %llu dropped", wide(dropped));
    if (counters.errors > 0)
        text += format(", %llu failed", wide(counters.errors));
    return text;
}

std::string device_table(const ServedDevices& served) {
    struct Row {
        std::uint64_t bytes;
        std::string text;
    };
    std::vector<Row> rows;
    for (const devices::GuestStatus& guest : served.guests)
        for (const devices::DeviceStatus& device : guest.devices)
            rows.push_back(
                {device.counters.from_guest_bytes + device.counters.to_guest_bytes, row_of(guest, device)});
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.bytes > b.bytes; });
    std::string table = format("%-32s %-4s %6s %-9s %14s %12s %14s %12s %9s\n", "Guest", "Type", "Device",
                               "State", "Bytes from", "Operations", "Bytes to", "Operations", "Trouble");
    for (const Row& row : rows)
        table += row.text;
    return table;
}

} // namespace chaos::cli
