// SPDX-License-Identifier: BSD-3-Clause
// Records and intents turned into JSON.
#include "libchaos/json/config_json.hpp"
#include "libchaos/json/device_json.hpp"
#include "libchaos/state/contents.hpp"

namespace chaos {
namespace {

using json::Writer;

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

} // namespace

std::string to_json(const Intent& intent) {
    Writer writer(160);
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "creating");
    writer.member("uuid", intent.uuid.to_string());
    if (intent.next_uuid)
        writer.member("next_uuid", intent.next_uuid->to_string());
    if (!intent.name.empty())
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
    writer.key("config");
    writer.open('{');
    json::write_members(writer, record.config);
    writer.close('}');
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
