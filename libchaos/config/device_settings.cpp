// SPDX-License-Identifier: BSD-3-Clause
// Lists of devices: each item read by itself, then all of them compared.
#include "libchaos/config/device_settings.hpp"

#include "libchaos/config/values.hpp"

namespace chaos::config {
namespace {

/// Reads each item with `parse`; `same` tells what two devices have in common that they must not, or nothing.
template<typename Device, typename Same>
Result<std::vector<Device>> read_items(const Settings& settings, const Settings::Entry& entry,
                                       Result<Device> (*parse)(std::string_view), Same same) {
    if (entry.value.kind != Value::Kind::list)
        return settings.wrong(entry, "a list in brackets was expected, with one text for each device");
    std::vector<Device> devices;
    for (const Value& item : entry.value.items) {
        if (item.kind != Value::Kind::string)
            return settings.wrong_item(entry, item, "a text in quotes was expected");
        auto parsed = parse(item.text);
        if (!parsed)
            return settings.wrong_item(entry, item, parsed.error().story());
        for (const Device& other : devices)
            if (const char* what = same(other, *parsed))
                return settings.wrong_item(entry, item,
                                           std::string("another of this guest has this ") + what);
        devices.push_back(std::move(*parsed));
    }
    return devices;
}

const char* same_address(const VifConfig& a, const VifConfig& b) {
    return a.mac && a.mac == b.mac ? "MAC address" : nullptr;
}

const char* same_number(const DiskConfig& a, const DiskConfig& b) {
    return *virtual_device_number(a.device_name) == *virtual_device_number(b.device_name) ? "vdev" : nullptr;
}

} // namespace

Result<std::vector<VifConfig>> read_vifs(const Settings& settings, const Settings::Entry& entry) {
    return read_items(settings, entry, &parse_vif, same_address);
}

Result<std::vector<DiskConfig>> read_disks(const Settings& settings, const Settings::Entry& entry) {
    return read_items(settings, entry, &parse_disk, same_number);
}

Result<StoreMode> read_store(const Settings& settings, const Settings::Entry& entry) {
    const auto text = TRY(read_text(settings, entry));
    if (text == "auto")
        return StoreMode::automatic;
    if (text == "private")
        return StoreMode::private_store;
    if (text == "none")
        return StoreMode::none;
    if (text == "xenstore")
        return StoreMode::xenstore;
    return settings.wrong(entry, "\"auto\", \"private\", \"xenstore\" or \"none\" was expected");
}

} // namespace chaos::config
