// SPDX-License-Identifier: BSD-3-Clause
// Records and intents read back from JSON. A file may have been damaged or written by someone else: every
// field is checked for its type and its limits, and whatever is wrong is named.
#include <cstddef>
#include <set>

#include "libchaos/json/config_json.hpp"
#include "libchaos/json/device_json.hpp"
#include "libchaos/state/contents.hpp"

namespace chaos {
namespace {

using json::any;
using json::Fields;
using json::Value;
using json::wrong;

constexpr std::uint64_t known_version = 1;

Result<DeviceLocation> read_location(const Fields& fields) {
    DeviceLocation device;
    device.frame.number = TRY(fields.number("frame", 0, (std::uint64_t{1} << 52) - 1));
    device.port = static_cast<EventChannelPort>(TRY(fields.number("port", 0, any<>)));
    device.grant = static_cast<GrantReference>(TRY(fields.number("grant", 0, any<>)));
    return device;
}

Result<std::optional<DeviceLocation>> read_device(const Fields& record, const char* key) {
    const Value* value = record.find(key);
    if (!value)
        return std::optional<DeviceLocation>{};
    const Fields fields = TRY(Fields::of(*value, key));
    return std::optional{TRY(read_location(fields))};
}

Result<DeviceSlot> read_slot(const Value& value) {
    const Fields fields = TRY(Fields::of(value, "a slot"));
    DeviceSlot slot;
    slot.entry = static_cast<std::uint16_t>(
        TRY(fields.number("entry", DeviceSlot::first_entry, DeviceSlot::end_of_entries - 1)));
    slot.instance = static_cast<std::uint32_t>(TRY(fields.number("instance", 0, any<>)));
    slot.location = TRY(read_location(fields));
    return slot;
}

Result<std::optional<DeviceSlot>> read_slot_of(const Fields& device) {
    const Value* value = device.find("slot");
    if (!value)
        return std::optional<DeviceSlot>{};
    return std::optional{TRY(read_slot(*value))};
}

/// The guest's devices, each in a place of its own.
Result<void> read_devices(const Fields& fields, GuestRecord& record) {
    std::set<std::uint32_t> vif_ids;
    std::set<std::uint32_t> disk_ids;
    std::set<std::uint16_t> entries;
    const auto take = [&](const DeviceSlot& slot) { return entries.insert(slot.entry).second; };
    if (const Value* list = TRY(fields.list("vifs", most_devices)))
        for (const Value& value : *list) {
            const Fields device = TRY(Fields::of(value, "a vif"));
            VifRecord vif;
            vif.id = static_cast<std::uint16_t>(TRY(device.number("id", 0, any<std::uint16_t>)));
            vif.slot = TRY(read_slot_of(device));
            vif.config = TRY(json::read_vif(device));
            if (!vif.config.mac)
                return wrong("mac is missing");
            if (!vif_ids.insert(vif.id).second || (vif.slot && !take(*vif.slot)))
                return wrong("two devices are in one place");
            record.vifs.push_back(std::move(vif));
        }
    if (const Value* list = TRY(fields.list("disks", most_devices)))
        for (const Value& value : *list) {
            const Fields device = TRY(Fields::of(value, "a disk"));
            DiskRecord disk;
            disk.id = static_cast<std::uint32_t>(TRY(device.number("id", 0, any<>)));
            disk.slot = TRY(read_slot_of(device));
            disk.config = TRY(json::read_disk(device));
            if (!disk_ids.insert(disk.id).second || (disk.slot && !take(*disk.slot)))
                return wrong("two devices are in one place");
            record.disks.push_back(std::move(disk));
        }
    if (const Value* list = TRY(fields.list("free_slots", most_devices)))
        for (const Value& value : *list) {
            record.free_slots.push_back(TRY(read_slot(value)));
            if (!take(record.free_slots.back()))
                return wrong("two devices are in one place");
        }
    return {};
}

/// Everything is there in what chaos wrote; a file that lacks something has lost it.
Result<GuestConfig> read_whole_config(const Fields& record) {
    const Value* value = record.find("config");
    if (!value)
        return wrong("config is missing");
    const Fields fields = TRY(Fields::of(*value, "config"));
    for (const char* key : {"name", "type", "kernel", "ramdisk", "command_line", "memory_kib", "vcpus",
                            "cpus", "cpus_soft", "max_event_channels", "max_grant_frames"})
        if (!fields.find(key))
            return wrong(std::string(key) + " is missing");
    return json::read_config(fields);
}

/// One member at a time: what is made before TRY() leaves a braced list is never destroyed.
Result<Intent> read_intent(const Fields& fields) {
    Intent intent;
    intent.name = TRY(fields.guest_name_or_empty());
    intent.uuid = TRY(fields.uuid("uuid"));
    if (fields.find("next_uuid"))
        intent.next_uuid = TRY(fields.uuid("next_uuid"));
    return intent;
}

Result<GuestRecord> read_record(const Fields& fields) {
    GuestRecord record;
    record.id = static_cast<DomainId>(TRY(fields.number("id", 1, 32751)));
    record.uuid = TRY(fields.uuid("uuid"));
    record.created_unix_ms = TRY(fields.number("created_unix_ms", 0, any<std::uint64_t>));
    record.config = TRY(read_whole_config(fields));
    record.system = TRY(read_device(fields, "system"));
    record.console = TRY(read_device(fields, "console"));
    record.store = TRY(read_device(fields, "store"));
    TRY(read_devices(fields, record));
    return record;
}

Result<Contents> read_contents(const json::Document& document, std::uint64_t& version) {
    if (!document.is_json())
        return wrong("it is not JSON");
    const Fields fields = TRY(Fields::of(document.root(), "it"));
    version = TRY(fields.number("version", 1, any<>));
    if (version != known_version)
        return wrong("");
    const std::string_view state = TRY(fields.text("state"));
    if (state == "creating")
        return Contents(TRY(read_intent(fields)));
    if (state == "created")
        return Contents(TRY(read_record(fields)));
    return wrong("state is neither creating nor created");
}

} // namespace

Result<Contents> contents_from_json(std::string_view text) {
    const json::Document document(text);
    std::uint64_t version = known_version;
    auto contents = read_contents(document, version);
    if (version != known_version)
        return Error(ErrorKind::system, "the record has version " + std::to_string(version) +
                                            " and this chaos knows version 1 only");
    return std::move(contents).while_doing("the record is damaged");
}

Result<GuestRecord> record_from_json(std::string_view text) {
    Contents contents = TRY(contents_from_json(text));
    if (auto* record = std::get_if<GuestRecord>(&contents))
        return std::move(*record);
    return wrong("the record is damaged: it is that of a guest still being made");
}

} // namespace chaos
