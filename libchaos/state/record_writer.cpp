// SPDX-License-Identifier: BSD-3-Clause
// Records and intents turned into JSON.
#include "libchaos/json_writer.hpp"
#include "libchaos/state/contents.hpp"

namespace chaos {
namespace {

/// A set of CPUs as numbers and ranges: [0,"2-5"].
void write_cpus(JsonWriter& writer, const CpuSet& cpus) {
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

void write_affinity(JsonWriter& writer, std::string_view name, const std::vector<CpuSet>& sets) {
    writer.key(name);
    writer.open('[');
    for (const CpuSet& cpus : sets)
        write_cpus(writer, cpus);
    writer.close(']');
}

void write_device(JsonWriter& writer, std::string_view name, const std::optional<DeviceLocation>& device) {
    if (!device)
        return;
    writer.key(name);
    writer.open('{');
    writer.member("frame", device->frame.number);
    writer.member("port", raw(device->port));
    writer.member("grant", raw(device->grant));
    writer.close('}');
}

void write_config(JsonWriter& writer, const GuestConfig& config) {
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
    writer.close('}');
}

} // namespace

std::string to_json(const Intent& intent) {
    JsonWriter writer(160);
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "creating");
    writer.member("uuid", intent.uuid.to_string());
    writer.member("name", intent.name);
    writer.close('}');
    return std::move(writer).finish() + '\n';
}

std::string to_json(const GuestRecord& record) {
    JsonWriter writer(768);
    writer.open('{');
    writer.member("version", 1);
    writer.member("state", "created");
    writer.member("id", raw(record.id));
    writer.member("uuid", record.uuid.to_string());
    writer.member("created_unix_ms", record.created_unix_ms);
    write_config(writer, record.config);
    write_device(writer, "system", record.system);
    write_device(writer, "console", record.console);
    writer.close('}');
    return std::move(writer).finish() + '\n';
}

} // namespace chaos
