// SPDX-License-Identifier: BSD-3-Clause
// Requests and errors turned into packets.
#include "libchaos/devices/error_names.hpp"
#include "libchaos/devices/protocol.hpp"
#include "libchaos/json/device_json.hpp"

namespace chaos::devices {
namespace {

using json::Writer;

void write_end(Writer& writer, const DeviceEnd& end) {
    if (raw(end.port) == 0)
        return;
    writer.member("port", raw(end.port));
    writer.member("grant", raw(end.grant));
}

void begin(Writer& writer, std::string_view operation) {
    writer.open('{');
    writer.member("op", operation);
}

void write_vbds(Writer& writer, const std::vector<AttachVbd>& vbds) {
    if (vbds.empty())
        return;
    writer.key("vbds");
    writer.open('[');
    for (const AttachVbd& vbd : vbds) {
        writer.open('{');
        writer.member("id", vbd.id);
        write_end(writer, vbd.end);
        json::write_members(writer, vbd.config);
        writer.member("sectors", vbd.sectors);
        writer.member("sector_size", vbd.sector_size);
        writer.close('}');
    }
    writer.close(']');
}

std::string finish(Writer& writer) {
    writer.close('}');
    return std::move(writer).finish();
}

std::string encode_one(const AttachRequest& request) {
    return encode(request);
}

std::string encode_one(const SettleRequest& request) {
    return encode(request);
}

std::string encode_one(const DetachRequest& request) {
    Writer writer(128);
    begin(writer, "detach");
    writer.member("domain", raw(request.domain));
    writer.member("type", name_of(request.type));
    writer.member("id", request.id);
    writer.flag("force", request.force);
    writer.member("timeout_ms", static_cast<std::uint64_t>(request.timeout.count()));
    return finish(writer);
}

std::string encode_one(const ForgetRequest& request) {
    Writer writer(64);
    begin(writer, "forget");
    writer.member("domain", raw(request.domain));
    return finish(writer);
}

std::string encode_one(const ShutdownRequest& request) {
    Writer writer(64);
    begin(writer, "shutdown");
    writer.member("domain", raw(request.domain));
    writer.member("reason", name_of(request.action));
    return finish(writer);
}

std::string encode_one(const ListRequest& request) {
    Writer writer(64);
    begin(writer, "list");
    if (request.domain)
        writer.member("domain", raw(*request.domain));
    return finish(writer);
}

std::string encode_one(const ConsoleRequest& request) {
    Writer writer(64);
    begin(writer, "console");
    writer.member("domain", raw(request.domain));
    writer.flag("write", request.write);
    return finish(writer);
}

std::string encode_one(const StatusRequest&) {
    return R"({"op":"status"})";
}

} // namespace

std::string_view name_of(DeviceType type) {
    return type == DeviceType::vif ? "vif" : "vbd";
}

std::string_view name_of(ShutdownAction action) {
    switch (action) {
    case ShutdownAction::poweroff:
        return "poweroff";
    case ShutdownAction::reboot:
        return "reboot";
    case ShutdownAction::halt:
        return "halt";
    case ShutdownAction::suspend:
        return "suspend";
    }
    return "poweroff";
}

std::string encode(const AttachRequest& request) {
    Writer writer(256 + 192 * (request.vifs.size() + request.vbds.size()));
    begin(writer, "attach");
    writer.member("domain", raw(request.domain));
    writer.member("uuid", request.uuid.to_string());
    if (!request.name.empty())
        writer.member("name", request.name);
    writer.member("platform", request.noxs ? "noxs" : "stock");
    if (request.shell)
        writer.flag("shell", true);
    if (request.console) {
        writer.key("console");
        writer.open('{');
        write_end(writer, *request.console);
        writer.close('}');
    }
    if (request.store) {
        writer.key("store");
        writer.open('{');
        write_end(writer, request.store->end);
        writer.member("vcpus", request.store->vcpus);
        writer.member("memory_kib", request.store->memory_kib);
        writer.close('}');
    }
    if (!request.vifs.empty()) {
        writer.key("vifs");
        writer.open('[');
        for (const AttachVif& vif : request.vifs) {
            writer.open('{');
            writer.member("id", vif.id);
            write_end(writer, vif.end);
            json::write_members(writer, vif.config);
            writer.close('}');
        }
        writer.close(']');
    }
    write_vbds(writer, request.vbds);
    return finish(writer);
}

std::string encode(const SettleRequest& request) {
    Writer writer(160 + 192 * (request.vifs.size() + request.vbds.size()));
    begin(writer, "settle");
    writer.member("domain", raw(request.domain));
    writer.member("uuid", request.uuid.to_string());
    if (request.next_uuid)
        writer.member("next_uuid", request.next_uuid->to_string());
    writer.member("name", request.name);
    if (!request.vifs.empty()) {
        writer.key("vifs");
        writer.open('[');
        for (const SettleVif& vif : request.vifs) {
            writer.open('{');
            writer.member("id", vif.id);
            json::write_members(writer, vif.config);
            writer.close('}');
        }
        writer.close(']');
    }
    write_vbds(writer, request.vbds);
    return finish(writer);
}

std::string encode(const Request& request) {
    return std::visit([](const auto& one) { return encode_one(one); }, request);
}

std::string encode_error(const Error& error) {
    Writer writer(256);
    writer.open('{');
    writer.key("error");
    writer.open('{');
    writer.member("kind", name_of(error.kind()));
    writer.member("message", error.story());
    if (!error.advice().empty())
        writer.member("advice", error.advice());
    writer.close('}');
    return finish(writer);
}

} // namespace chaos::devices
