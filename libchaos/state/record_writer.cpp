// SPDX-License-Identifier: BSD-3-Clause
// Records and intents turned into JSON.
#include "libchaos/json/device_json.hpp"
#include "libchaos/state/contents.hpp"

namespace chaos {
namespace {

using json::Writer;

/// A set of CPUs as numbers and ranges: [0,"2-5"].
void write_cpus(Writer& writer, const CpuSet& cpus) {
    writer.open('[');
    for (std::size_t first = 0; first < cpus.size(); ++first) {
        if (!cpus[first])
            continue;
        std::size_t last = first;
        while (last + 1 < cpus.size() && cpus[last + 1])
            ++last;
        if (last == first)
            writer.number(first);
        else
            writer.bytes(std::to_string(first) + '-' + std::to_string(last));
        first = last;
    }
    writer.close(']');
}

void write_affinity(Writer& writer, std::string_view name, const std::vector<CpuSet>& sets) {
    writer.key(name);
    writer.open('[');
    for (const CpuSet& cpus : sets)
        write_cpus(writer, cpus);
    writer.close(']');
}

void write_location(Writer& writer, const DeviceLocation& device) {
    writer.member("frame", device.frame.number);
    writer.member("port", raw(device.port));
    writer.member("grant", raw(device.grant));
}

void write_device(Writer& writer, std::string_view name, const std::optional<DeviceLocation>& device) {
    if (!device)
        return;
    writer.key(name);
    writer.open('{');
    write_location(writer, *device);
    writer.close('}');
}

void write_slot(Writer& writer, const DeviceSlot& slot) {
    writer.open('{');
    writer.member("entry", slot.entry);
    writer.member("instance", slot.instance);
    write_location(writer, slot.location);
    writer.close('}');
}

template<typename Device>
void write_devices(Writer& writer, std::string_view name, const std::vector<Device>& devices) {
    if (devices.empty())
        return;
    writer.key(name);
    writer.open('[');
    for (const Device& device : devices) {
        writer.open('{');
        writer.member("id", device.id);
        if (device.slot) {
            writer.key("slot");
            write_slot(writer, *device.slot);
        }
        json::write_members(writer, device.config);
        writer.close('}');
    }
    writer.close(']');
}

void write_free_slots(Writer& writer, const std::vector<DeviceSlot>& slots) {
    if (slots.empty())
        return;
    writer.key("free_slots");
    writer.open('[');
    for (const DeviceSlot& slot : slots)
        write_slot(writer, slot);
    writer.close(']');
}

void write_config(Writer& writer, const GuestConfig& config) {
    writer.key("config");
    writer.open('{');
    writer.member("name", config.name);
    writer.member("type", config.type == GuestType::pvh ? "pvh" : "pv");
    writer.member("kernel", config.kernel);
    writer.member("ramdisk", config.ramdisk);
    writer.member("command_line", config.command_line);
    writer.member("memory_kib", config.memory_kib);
    writer.member("vcpus", config.vcpus);
    write_affinity(writer, "cpus", config.cpus);
    write_affinity(writer, "cpus_soft", config.cpus_soft);
    if (config.uuid)
        writer.member("uuid", config.uuid->to_string());
    writer.member("max_event_channels", config.max_event_channels);
    writer.member("max_grant_frames", config.max_grant_frames);
    if (config.store != StoreMode::automatic)
        writer.member("store", config.store == StoreMode::none ? "none" : "private");
    writer.close('}');
}

} // namespace

std::string to_json(const Intent& intent) {
    Writer writer(160);
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "creating");
    writer.member("uuid", intent.uuid.to_string());
    writer.member("name", intent.name);
    writer.close('}');
    return std::move(writer).finish() + '\n';
}

std::string to_json(const GuestRecord& record) {
    Writer writer(768 + 256 * (record.vifs.size() + record.disks.size()));
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "created");
    writer.member("id", raw(record.id));
    writer.member("uuid", record.uuid.to_string());
    writer.member("created_unix_ms", record.created_unix_ms);
    write_config(writer, record.config);
    write_device(writer, "system", record.system);
    write_device(writer, "console", record.console);
    write_device(writer, "store", record.store);
    write_devices(writer, "vifs", record.vifs);
    write_devices(writer, "disks", record.disks);
    write_free_slots(writer, record.free_slots);
    writer.close('}');
    return std::move(writer).finish() + '\n';
}

} // namespace chaos
