// SPDX-License-Identifier: BSD-3-Clause
// Writing a request. What has its usual value is left out.
#include "libchaos/devices/protocol.hpp"
#include "libchaos/json_writer.hpp"

namespace chaos::devices {

namespace {

void write_place(JsonWriter& writer, const std::optional<Place>& place) {
    if (!place)
        return;
    writer.member("port", raw(place->port));
    writer.member("grant", raw(place->grant));
}

void write_flag(JsonWriter& writer, std::string_view name, bool value) {
    writer.key(name);
    writer.boolean(value);
}

void write_text(JsonWriter& writer, std::string_view name, std::string_view value) {
    if (!value.empty())
        writer.member(name, value);
}

void write_address(JsonWriter& writer, std::string_view name, const std::optional<Ipv4Address>& address) {
    if (!address)
        return;
    std::string text;
    for (const std::uint8_t part : *address)
        text += (text.empty() ? "" : ".") + std::to_string(part);
    writer.member(name, text);
}

void write_rate(JsonWriter& writer, const RateLimit& rate) {
    if (rate == RateLimit{})
        return;
    writer.key("rate");
    writer.open('{');
    writer.member("bytes_per_second", rate.bytes_per_second);
    writer.member("operations_per_second", rate.operations_per_second);
    writer.member("interval_us", rate.interval_us);
    writer.close('}');
}

void write_vif(JsonWriter& writer, const VifSpec& vif) {
    writer.open('{');
    writer.member("id", vif.id);
    write_place(writer, vif.place);
    if (vif.config.mac)
        writer.member("mac", chaos::to_text(*vif.config.mac));
    write_text(writer, "bridge", vif.config.bridge);
    if (vif.config.vlan)
        writer.member("vlan", *vif.config.vlan);
    write_text(writer, "device_name", vif.config.device_name);
    if (vif.config.mtu != 0)
        writer.member("mtu", vif.config.mtu);
    write_address(writer, "ipv4", vif.config.ipv4);
    if (vif.config.ipv4)
        writer.member("prefix", vif.config.ipv4_prefix);
    write_address(writer, "gateway", vif.config.gateway);
    write_rate(writer, vif.config.rate);
    writer.close('}');
}

void write_vbd(JsonWriter& writer, const VbdSpec& vbd) {
    writer.open('{');
    writer.member("id", vbd.id);
    write_place(writer, vbd.place);
    writer.member("path", vbd.config.path);
    write_text(writer, "device_name", vbd.config.device_name);
    write_flag(writer, "read_only", vbd.config.read_only);
    write_flag(writer, "direct", vbd.config.direct);
    write_flag(writer, "discard", vbd.config.discard);
    writer.member("sectors", vbd.sectors);
    writer.member("sector_size", vbd.sector_size);
    write_rate(writer, vbd.config.rate);
    writer.close('}');
}

JsonWriter begin(std::string_view operation, std::size_t expected_size = 128) {
    JsonWriter writer(expected_size);
    writer.open('{');
    writer.member("op", operation);
    return writer;
}

std::string end(JsonWriter writer) {
    writer.close('}');
    return std::move(writer).finish();
}

} // namespace

std::string_view to_text(DeviceType type) {
    return type == DeviceType::vif ? "vif" : "vbd";
}

std::string encode(const AttachRequest& request) {
    JsonWriter writer = begin("attach", 512);
    writer.member("domain", raw(request.domain));
    writer.member("uuid", request.uuid.to_string());
    write_text(writer, "name", request.name);
    if (request.console) {
        writer.key("console");
        writer.open('{');
        write_place(writer, request.console);
        writer.close('}');
    }
    if (request.store) {
        writer.key("store");
        writer.open('{');
        write_place(writer, request.store->place);
        writer.member("vcpus", request.store->vcpus);
        writer.member("memory_kib", request.store->memory_kib);
        writer.close('}');
    }
    if (!request.vifs.empty()) {
        writer.key("vifs");
        writer.open('[');
        for (const VifSpec& vif : request.vifs)
            write_vif(writer, vif);
        writer.close(']');
    }
    if (!request.vbds.empty()) {
        writer.key("vbds");
        writer.open('[');
        for (const VbdSpec& vbd : request.vbds)
            write_vbd(writer, vbd);
        writer.close(']');
    }
    return end(std::move(writer));
}

std::string encode(const DetachRequest& request) {
    JsonWriter writer = begin("detach");
    writer.member("domain", raw(request.domain));
    writer.member("type", to_text(request.type));
    writer.member("id", request.id);
    write_flag(writer, "force", request.force);
    writer.member("timeout_ms", static_cast<std::uint64_t>(request.timeout.count()));
    return end(std::move(writer));
}

std::string encode(const ForgetRequest& request) {
    JsonWriter writer = begin("forget");
    writer.member("domain", raw(request.domain));
    return end(std::move(writer));
}

std::string encode(const ShutdownRequest& request) {
    JsonWriter writer = begin("shutdown");
    writer.member("domain", raw(request.domain));
    writer.member("reason", request.reason);
    return end(std::move(writer));
}

std::string encode(const ListRequest& request) {
    JsonWriter writer = begin("list");
    if (request.domain)
        writer.member("domain", raw(*request.domain));
    return end(std::move(writer));
}

std::string encode(const ConsoleRequest& request) {
    JsonWriter writer = begin("console");
    writer.member("domain", raw(request.domain));
    write_flag(writer, "write", request.write);
    return end(std::move(writer));
}

std::string encode(const StatusRequest&) {
    return end(begin("status"));
}

} // namespace chaos::devices
