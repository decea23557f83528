// SPDX-License-Identifier: BSD-3-Clause
// Replies read by chaos.
#include <map>
#include <optional>

#include "libchaos/devices/error_names.hpp"
#include "libchaos/devices/protocol.hpp"
#include "libchaos/json/fields.hpp"

namespace chaos::devices {
namespace {

using json::any;
using json::Fields;
using json::Value;

Error no_reply(const std::string& why) {
    return Error(ErrorKind::system, "xendevd gave an answer that is none: " + why)
        .advise("Do chaos and xendevd come from one installation? Restarting xendevd harms no guest.");
}

template<typename T>
Result<T> as_reply(Result<T> result) {
    if (!result)
        return no_reply(result.error().story());
    return result;
}

Result<json::Document> parse(std::string_view text) {
    json::Document document(text);
    if (!document.root().is_object())
        return no_reply("it is no JSON object");
    return document;
}

/// What an answer that is not ok carries.
Result<void> read_error(const Value& reply, std::optional<Error>& told) {
    const Fields outer = TRY(Fields::of(reply, "it"));
    const Value* value = outer.find("error");
    if (!value)
        return json::wrong("it holds neither what was asked for nor an error");
    const Fields fields = TRY(Fields::of(*value, "error"));
    const std::string_view kind = TRY(fields.text("kind"));
    const std::string_view message = TRY(fields.text("message"));
    const std::string_view advice = TRY(fields.text_or_empty("advice"));
    told.emplace(error_kind(kind).value_or(ErrorKind::system), std::string(message));
    if (!advice.empty())
        told = std::move(*told).advise(advice);
    return {};
}

Error error_of(const json::Document& document) {
    std::optional<Error> told;
    if (auto read = read_error(document.root(), told); !read)
        return no_reply(read.error().story());
    return std::move(*told);
}

bool says_ok(const json::Document& document) {
    const Value* found = document.root().find("ok");
    return found && found->is_boolean() && found->boolean();
}

Result<Counters> read_counters(const Fields& device) {
    Counters counters;
    const Value* value = device.find("counters");
    if (!value)
        return counters;
    const Fields fields = TRY(Fields::of(*value, "counters"));
    constexpr auto most = any<std::uint64_t>;
    counters.from_guest_bytes = TRY(fields.number_or("from_guest_bytes", 0, 0, most));
    counters.from_guest_operations = TRY(fields.number_or("from_guest_operations", 0, 0, most));
    counters.to_guest_bytes = TRY(fields.number_or("to_guest_bytes", 0, 0, most));
    counters.to_guest_operations = TRY(fields.number_or("to_guest_operations", 0, 0, most));
    counters.from_guest_dropped = TRY(fields.number_or("from_guest_dropped", 0, 0, most));
    counters.to_guest_dropped = TRY(fields.number_or("to_guest_dropped", 0, 0, most));
    counters.errors = TRY(fields.number_or("errors", 0, 0, most));
    return counters;
}

Result<DeviceStatus> read_device(const Value& value) {
    const Fields fields = TRY(Fields::of(value, "a device"));
    DeviceStatus device;
    device.type = TRY(fields.text("type"));
    device.id = static_cast<std::uint32_t>(TRY(fields.number("id", 0, any<>)));
    device.state = TRY(fields.text("state"));
    device.counters = TRY(read_counters(fields));
    std::map<std::string_view, const Value*> members; // by name, each once
    for (const auto& [key, member] : value.members())
        members[key] = &member;
    for (const auto& [key, member] : members) {
        if (key == "type" || key == "id" || key == "state" || key == "counters")
            continue;
        if (member->is_string())
            device.details.emplace_back(key, std::string(member->text()));
        else if (member->is_whole())
            device.details.emplace_back(key, member->whole());
        else if (member->is_boolean())
            device.details.emplace_back(key, member->boolean());
    }
    return device;
}

Result<GuestStatus> read_guest(const Value& value) {
    const Fields fields = TRY(Fields::of(value, "guest"));
    GuestStatus guest;
    guest.domain = DomainId{static_cast<std::uint16_t>(TRY(fields.number("domain", 1, 32751)))};
    guest.uuid = TRY(fields.text_or_empty("uuid"));
    guest.name = TRY(fields.text_or_empty("name"));
    guest.shell = TRY(fields.boolean_or("shell", false));
    guest.console = TRY(fields.boolean_or("console", false));
    if (const Value* devices = TRY(fields.list("devices", 4096)))
        for (const Value& device : *devices)
            guest.devices.push_back(TRY(read_device(device)));
    return guest;
}

Result<DaemonStatus> read_status(const Fields& fields) {
    DaemonStatus status;
    status.version = TRY(fields.text_or_empty("version"));
    status.pid = TRY(fields.number_or("pid", 0, 0, any<>));
    status.guests = TRY(fields.number_or("guests", 0, 0, any<>));
    status.devices = TRY(fields.number_or("devices", 0, 0, any<>));
    return status;
}

} // namespace

Result<void> decode_reply(std::string_view reply) {
    if (reply == ok_reply)
        return {};
    const json::Document document = TRY(parse(reply));
    if (says_ok(document))
        return {};
    return error_of(document);
}

Result<std::optional<GuestStatus>> decode_list_packet(std::string_view packet) {
    if (packet == ok_reply)
        return std::optional<GuestStatus>();
    const json::Document document = TRY(parse(packet));
    if (const Value* guest = document.root().find("guest"))
        return std::optional(TRY(as_reply(read_guest(*guest))));
    if (says_ok(document))
        return std::optional<GuestStatus>();
    return error_of(document);
}

Result<DaemonStatus> decode_status(std::string_view reply) {
    const json::Document document = TRY(parse(reply));
    if (!says_ok(document))
        return error_of(document);
    return as_reply(read_status(*Fields::of(document.root(), "it")));
}

} // namespace chaos::devices
