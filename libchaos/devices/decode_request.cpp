// SPDX-License-Identifier: BSD-3-Clause
// Requests read by xendevd: whoever may open the socket may still write nonsense into it.
#include <algorithm>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/json/device_json.hpp"

namespace chaos::devices {
namespace {

using json::any;
using json::Fields;
using json::Value;
using json::wrong;

constexpr std::uint64_t highest_domain = 32751;                // xen/xen.h: below DOMID_FIRST_RESERVED
constexpr std::uint64_t highest_port = (1u << 17) - 1;         // EVTCHN_FIFO_NR_CHANNELS, xen/event_channel.h
constexpr std::uint64_t largest_disk = std::uint64_t{1} << 54; // sectors: 2^63 bytes
constexpr std::uint64_t longest_wait_ms = 3'600'000;

Result<DomainId> read_domain(const Fields& fields) {
    return DomainId{static_cast<std::uint16_t>(TRY(fields.number("domain", 1, highest_domain)))};
}

Result<DeviceEnd> read_end(const Fields& fields) {
    DeviceEnd end;
    end.port = EventChannelPort{static_cast<std::uint32_t>(TRY(fields.number("port", 1, highest_port)))};
    end.grant = GrantReference{static_cast<std::uint32_t>(TRY(fields.number("grant", 0, any<>)))};
    return end;
}

/// Devices of a noxs guest have an end, those of a stock guest have none.
Result<DeviceEnd> read_device_end(const Fields& fields, bool noxs) {
    if (noxs)
        return read_end(fields);
    if (fields.find("port") || fields.find("grant"))
        return wrong("a stock guest makes ports and grants of its devices itself");
    return DeviceEnd{};
}

Result<AttachVif> read_attach_vif(const Value& value, bool noxs) {
    const Fields fields = TRY(Fields::of(value, "a vif"));
    TRY(fields.has_only({"id", "port", "grant", "mac", "bridge", "vlan", "device_name", "mtu", "ipv4",
                         "prefix", "gateway", "rate"}));
    AttachVif vif;
    vif.id = static_cast<std::uint16_t>(TRY(fields.number("id", 0, any<std::uint16_t>)));
    vif.end = TRY(read_device_end(fields, noxs));
    vif.config = TRY(json::read_vif(fields));
    if (!vif.config.mac)
        return wrong("mac is missing");
    return vif;
}

Result<AttachVbd> read_attach_vbd(const Value& value, bool noxs) {
    const Fields fields = TRY(Fields::of(value, "a vbd"));
    TRY(fields.has_only({"id", "port", "grant", "path", "device_name", "read_only", "direct", "discard",
                         "sectors", "sector_size", "rate"}));
    AttachVbd vbd;
    vbd.id = static_cast<std::uint32_t>(
        TRY(fields.number("id", 0, noxs ? any<std::uint16_t> : std::uint64_t{1} << 29)));
    vbd.end = TRY(read_device_end(fields, noxs));
    vbd.config = TRY(json::read_disk(fields));
    if (vbd.config.path.front() != '/')
        return wrong("path is not absolute");
    vbd.sectors = TRY(fields.number("sectors", 1, largest_disk));
    vbd.sector_size = static_cast<std::uint32_t>(TRY(fields.number("sector_size", 512, 4096)));
    if (vbd.sector_size != 512 && vbd.sector_size != 4096)
        return wrong("sector_size is neither 512 nor 4096");
    return vbd;
}

Result<std::optional<AttachStore>> read_store(const Fields& request) {
    const Value* value = request.find("store");
    if (!value)
        return std::optional<AttachStore>();
    const Fields fields = TRY(Fields::of(*value, "store"));
    TRY(fields.has_only({"port", "grant", "vcpus", "memory_kib"}));
    AttachStore store;
    store.end = TRY(read_end(fields));
    store.vcpus = static_cast<std::uint32_t>(TRY(fields.number("vcpus", 1, 4096)));
    store.memory_kib = TRY(fields.number("memory_kib", 1, std::uint64_t{1} << 40));
    return std::optional(store);
}

template<typename Device>
Result<void> check_ids(const std::vector<Device>& devices) {
    std::vector<std::uint32_t> ids;
    for (const Device& device : devices)
        ids.push_back(device.id);
    std::sort(ids.begin(), ids.end());
    if (std::adjacent_find(ids.begin(), ids.end()) != ids.end())
        return wrong("two devices have one id");
    return {};
}

Result<bool> read_platform(const Fields& fields) {
    const std::string_view platform = TRY(fields.text_or("platform", "noxs"));
    if (platform != "noxs" && platform != "stock")
        return wrong("platform is neither noxs nor stock");
    return platform == "noxs";
}

Result<AttachRequest> read_attach(const Fields& fields) {
    TRY(fields.has_only(
        {"op", "domain", "uuid", "name", "platform", "shell", "console", "store", "vifs", "vbds"}));
    AttachRequest request;
    request.domain = TRY(read_domain(fields));
    request.uuid = TRY(fields.uuid("uuid"));
    request.name = TRY(fields.guest_name_or_empty());
    request.noxs = TRY(read_platform(fields));
    if (const Value* value = fields.find("console")) {
        const Fields console = TRY(Fields::of(*value, "console"));
        TRY(console.has_only({"port", "grant"}));
        request.console = TRY(read_end(console));
    }
    request.store = TRY(read_store(fields));
    if (request.store && request.noxs)
        return wrong("a guest that speaks noxs has no store");
    request.shell = TRY(fields.boolean_or("shell", false));
    if (request.shell && (!request.noxs || !request.name.empty()))
        return wrong("a shell speaks noxs, and has no name yet");
    if (const Value* list = TRY(fields.list("vifs", most_devices)))
        for (const Value& value : *list)
            request.vifs.push_back(TRY(read_attach_vif(value, request.noxs)));
    if (const Value* list = TRY(fields.list("vbds", most_devices)))
        for (const Value& value : *list)
            request.vbds.push_back(TRY(read_attach_vbd(value, request.noxs)));
    TRY(check_ids(request.vifs));
    TRY(check_ids(request.vbds));
    return request;
}

Result<SettleRequest> read_settle(const Fields& fields) {
    TRY(fields.has_only({"op", "domain", "uuid", "next_uuid", "name", "vifs", "vbds"}));
    SettleRequest request;
    request.domain = TRY(read_domain(fields));
    request.uuid = TRY(fields.uuid("uuid"));
    if (fields.find("next_uuid"))
        request.next_uuid = TRY(fields.uuid("next_uuid"));
    request.name = TRY(fields.guest_name());
    if (const Value* list = TRY(fields.list("vifs", most_devices)))
        for (const Value& value : *list) {
            const AttachVif vif = TRY(read_attach_vif(value, false));
            request.vifs.push_back({vif.id, vif.config});
        }
    if (const Value* list = TRY(fields.list("vbds", most_devices)))
        for (const Value& value : *list)
            request.vbds.push_back(TRY(read_attach_vbd(value, true)));
    TRY(check_ids(request.vifs));
    TRY(check_ids(request.vbds));
    return request;
}

Result<DetachRequest> read_detach(const Fields& fields) {
    TRY(fields.has_only({"op", "domain", "type", "id", "force", "timeout_ms"}));
    DetachRequest request;
    request.domain = TRY(read_domain(fields));
    const std::string_view type = TRY(fields.text("type"));
    if (type != "vif" && type != "vbd")
        return wrong("type is neither vif nor vbd");
    request.type = type == "vif" ? DeviceType::vif : DeviceType::vbd;
    request.id = static_cast<std::uint32_t>(TRY(fields.number("id", 0, any<>)));
    request.force = TRY(fields.boolean_or("force", false));
    request.timeout = std::chrono::milliseconds(TRY(fields.number_or(
        "timeout_ms", static_cast<std::uint64_t>(request.timeout.count()), 0, longest_wait_ms)));
    return request;
}

Result<ForgetRequest> read_forget(const Fields& fields) {
    TRY(fields.has_only({"op", "domain"}));
    ForgetRequest request;
    request.domain = TRY(read_domain(fields));
    return request;
}

Result<ShutdownRequest> read_shutdown(const Fields& fields) {
    TRY(fields.has_only({"op", "domain", "reason"}));
    ShutdownRequest request;
    request.domain = TRY(read_domain(fields));
    const std::string_view reason = TRY(fields.text("reason"));
    for (const ShutdownAction action :
         {ShutdownAction::poweroff, ShutdownAction::reboot, ShutdownAction::halt, ShutdownAction::suspend})
        if (name_of(action) == reason) {
            request.action = action;
            return request;
        }
    return wrong("there is no such reason to shut down");
}

Result<ListRequest> read_list(const Fields& fields) {
    TRY(fields.has_only({"op", "domain"}));
    ListRequest request;
    if (fields.find("domain"))
        request.domain = TRY(read_domain(fields));
    return request;
}

Result<ConsoleRequest> read_console(const Fields& fields) {
    TRY(fields.has_only({"op", "domain", "write"}));
    ConsoleRequest request;
    request.domain = TRY(read_domain(fields));
    request.write = TRY(fields.boolean_or("write", true));
    return request;
}

Result<Request> read_request(std::string_view text) {
    if (text.size() > largest_packet)
        return wrong("it is longer than any");
    const json::Document document(text);
    if (!document.is_json())
        return wrong("it is not JSON");
    const Fields fields = TRY(Fields::of(document.root(), "it"));
    const std::string_view operation = TRY(fields.text("op"));
    if (operation == "attach")
        return Request(TRY(read_attach(fields)));
    if (operation == "settle")
        return Request(TRY(read_settle(fields)));
    if (operation == "detach")
        return Request(TRY(read_detach(fields)));
    if (operation == "forget")
        return Request(TRY(read_forget(fields)));
    if (operation == "shutdown")
        return Request(TRY(read_shutdown(fields)));
    if (operation == "list")
        return Request(TRY(read_list(fields)));
    if (operation == "console")
        return Request(TRY(read_console(fields)));
    if (operation == "status") {
        TRY(fields.has_only({"op"}));
        return Request(StatusRequest{});
    }
    return wrong("there is no such op");
}

} // namespace

Result<Request> decode_request(std::string_view text) {
    auto request = read_request(text);
    if (!request)
        return std::move(request).error().as(ErrorKind::invalid_argument).while_doing("the request is wrong");
    return request;
}

} // namespace chaos::devices
