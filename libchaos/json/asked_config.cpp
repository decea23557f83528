// SPDX-License-Identifier: BSD-3-Clause
// Configurations that anybody may have sent: what is unknown, missing or relative is refused before anything is made of it.
#include "libchaos/json/config_json.hpp"
#include "libchaos/json/device_json.hpp"

namespace chaos::json {
namespace {

Result<void> check_absolute(std::string_view path, std::string_view key) {
    if (!path.empty() && path.front() != '/')
        return wrong(std::string(key) + " is not an absolute path: it must begin with /");
    return {};
}

Result<void> needs(const Fields& fields, std::string_view key) {
    if (!fields.find(key))
        return wrong(std::string(key) + " is missing");
    return {};
}

Result<Fields> vif_members(const Value& value, std::string_view place) {
    const Fields fields = TRY(Fields::of(value, place));
    TRY(fields.has_only(
        {"mac", "bridge", "vlan", "device_name", "mtu", "ipv4", "prefix", "gateway", "rate"}));
    return fields;
}

Result<Fields> disk_members(const Value& value, std::string_view place) {
    const Fields fields = TRY(Fields::of(value, place));
    TRY(fields.has_only({"path", "device_name", "read_only", "direct", "discard", "rate"}));
    return fields;
}

/// Whether the list's elements have no members that nobody knows; that it is a list is looked at later.
Result<void> check_members(const Fields& fields, std::string_view key,
                           Result<Fields> (*members)(const Value&, std::string_view)) {
    const Value* list = fields.find(key);
    if (!list || !list->is_array())
        return {};
    std::size_t index = 0;
    for (const Value& device : *list) {
        if (index == most_devices)
            break;
        const std::string place = std::string(key) + "[" + std::to_string(index++) + "]";
        if (auto known = members(device, place); !known)
            return std::move(known).error().while_doing(place);
    }
    return {};
}

/// Many guests are made of one shape.
Result<void> check_shape(const GuestConfig& shape) {
    const auto one_only = [](const char* what) {
        return wrong(std::string(what) + " is what only one guest can have; leave it out");
    };
    if (!shape.name.empty())
        return one_only("name");
    if (shape.uuid)
        return one_only("uuid");
    if (!shape.command_line.empty())
        return one_only("command_line");
    if (!shape.disks.empty())
        return one_only("disks");
    for (const VifConfig& vif : shape.vifs)
        if (vif.mac || vif.ipv4 || !vif.device_name.empty())
            return one_only(vif.mac ? "vifs: mac" : vif.ipv4 ? "vifs: ipv4" : "vifs: device_name");
    return {};
}

Result<GuestConfig> read_asked(const Value& value, Asked asked) {
    const Fields fields = TRY(Fields::of(value, "it"));
    TRY(fields.has_only(
        {"name",          "type",     "kernel",      "ramdisk",   "command_line",       "memory_kib",
         "vcpus",         "cpus",     "cpus_soft",   "uuid",      "max_event_channels", "max_grant_frames",
         "store",         "cpu_pool", "on_poweroff", "on_reboot", "on_crash",           "on_watchdog",
         "on_soft_reset", "vifs",     "disks"}));
    TRY(needs(fields, "memory_kib"));
    if (asked == Asked::guest) {
        TRY(needs(fields, "name"));
        TRY(needs(fields, "kernel"));
    }
    TRY(check_members(fields, "vifs", &vif_members));
    TRY(check_members(fields, "disks", &disk_members));
    auto config = read_config(fields); // which is large: it is never moved on its way out
    if (!config)
        return config;
    if (asked == Asked::shape)
        TRY(check_shape(*config));
    if (asked == Asked::guest && config->kernel.empty())
        return wrong("kernel is empty: the path of a kernel file was expected");
    TRY(check_absolute(config->kernel, "kernel"));
    TRY(check_absolute(config->ramdisk, "ramdisk"));
    for (std::size_t index = 0; index < config->disks.size(); ++index) {
        auto checked = check_absolute(config->disks[index].path, "path");
        if (!checked)
            return std::move(checked).error().while_doing("disks[" + std::to_string(index) + "]");
    }
    return config;
}

Result<DiskConfig> read_one_disk(const Value& value) {
    const Fields fields = TRY(disk_members(value, "it"));
    DiskConfig disk = TRY(read_disk(fields));
    TRY(check_absolute(disk.path, "path"));
    return disk;
}

Result<VifConfig> read_one_vif(const Value& value) {
    const Fields fields = TRY(vif_members(value, "it"));
    return read_vif(fields);
}

Error as_asked(Error error, const char* what) {
    return std::move(error).as(ErrorKind::invalid_config).while_doing(what);
}

} // namespace

Result<GuestConfig> read_asked_config(const Value& value, Asked asked) {
    auto config = read_asked(value, asked);
    if (!config)
        return as_asked(std::move(config).error(), asked == Asked::guest ? "config" : "shape");
    return config;
}

Result<VifConfig> read_asked_vif(const Value& value) {
    auto vif = read_one_vif(value);
    if (!vif)
        return as_asked(std::move(vif).error(), "vif");
    return vif;
}

Result<DiskConfig> read_asked_disk(const Value& value) {
    auto disk = read_one_disk(value);
    if (!disk)
        return as_asked(std::move(disk).error(), "disk");
    return disk;
}

} // namespace chaos::json
