// SPDX-License-Identifier: BSD-3-Clause
// Reading a request: foreign text becomes a typed value or an error that names the member.
#include <algorithm>
#include <array>
#include <limits>

#include <nlohmann/json.hpp>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/devices/protocol.hpp"

namespace chaos::devices {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_devices = 124; // slots of a device page beside system and console
constexpr std::size_t longest_path = 4095;
constexpr std::size_t longest_interface = 15; // IFNAMSIZ without its zero

Error wrong(std::string_view member, std::string_view why) {
    return Error(ErrorKind::invalid_argument, std::string(member) + " " + std::string(why));
}

/// The members of one object, each taken at most once; what nobody takes is refused.
class Members {
  public:
    static Result<Members> of(const Json& object, std::string_view name) {
        if (!object.is_object())
            return wrong(name, "is not an object");
        return Members(object);
    }

    [[nodiscard]] const Json* find(const char* name) {
        const auto found = object_->find(name);
        if (found == object_->end())
            return nullptr;
        ++taken_;
        return &*found;
    }
    Result<std::uint64_t> number(const char* name, std::uint64_t most, std::uint64_t otherwise) {
        const Json* value = find(name);
        if (!value)
            return otherwise;
        if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most)
            return wrong(name, "is not a whole number of at most " + std::to_string(most));
        return value->get<std::uint64_t>();
    }
    Result<std::uint64_t> required_number(const char* name, std::uint64_t most) {
        if (!object_->contains(name))
            return wrong(name, "is missing");
        return number(name, most, 0);
    }
    Result<bool> flag(const char* name, bool otherwise) {
        const Json* value = find(name);
        if (!value)
            return otherwise;
        if (!value->is_boolean())
            return wrong(name, "is neither true nor false");
        return value->get<bool>();
    }
    Result<std::string> text(const char* name, std::size_t longest) {
        const Json* value = find(name);
        if (!value)
            return std::string();
        if (!value->is_string() || value->get_ref<const std::string&>().size() > longest)
            return wrong(name, "is not a text of at most " + std::to_string(longest) + " bytes");
        const auto& text = value->get_ref<const std::string&>();
        if (text.find('\0') != std::string::npos)
            return wrong(name, "has a zero byte in it");
        return text;
    }
    /// To be called last.
    [[nodiscard]] Result<void> nothing_else(std::string_view name) const {
        if (taken_ != object_->size())
            return wrong(name, "has a member that this version does not know");
        return {};
    }

  private:
    explicit Members(const Json& object) : object_(&object) {}
    const Json* object_;
    std::size_t taken_ = 0;
};

constexpr std::uint64_t most_32 = std::numeric_limits<std::uint32_t>::max();

Result<DomainId> domain_of(Members& members) {
    const auto id = TRY(members.required_number("domain", 32751));
    if (id == 0)
        return wrong("domain", "is dom0 itself");
    return DomainId{static_cast<std::uint16_t>(id)};
}

Result<std::optional<Place>> place_of(Members& members) {
    const Json* const port_there = members.find("port");
    const Json* const grant_there = members.find("grant");
    if (!port_there && !grant_there)
        return std::optional<Place>();
    const auto is_number = [](const Json* value) {
        return value && value->is_number_unsigned() && value->get<std::uint64_t>() <= most_32;
    };
    if (!is_number(port_there) || !is_number(grant_there) || port_there->get<std::uint64_t>() == 0)
        return wrong("port", "and grant are two numbers that come together");
    return std::optional<Place>(Place{EventChannelPort{port_there->get<std::uint32_t>()},
                                      GrantReference{grant_there->get<std::uint32_t>()}});
}

Result<Place> place_of_object(const Json& object, std::string_view name) {
    auto members = TRY(Members::of(object, name));
    const auto place = TRY(place_of(members));
    if (!place)
        return wrong(name, "has no port and grant");
    TRY(members.nothing_else(name));
    return *place;
}

Result<RateLimit> rate_of(Members& members) {
    RateLimit rate;
    const Json* object = members.find("rate");
    if (!object)
        return rate;
    auto inner = TRY(Members::of(*object, "rate"));
    constexpr std::uint64_t most = std::uint64_t{1} << 50;
    rate.bytes_per_second = TRY(inner.number("bytes_per_second", most, 0));
    rate.operations_per_second = TRY(inner.number("operations_per_second", most, 0));
    rate.interval_us = static_cast<std::uint32_t>(TRY(inner.number("interval_us", 10'000'000, 50'000)));
    if (rate.interval_us == 0)
        return wrong("interval_us", "is 0");
    TRY(inner.nothing_else("rate"));
    return rate;
}

Result<std::optional<Ipv4Address>> address_of(Members& members, const char* name) {
    const std::string text = TRY(members.text(name, 15));
    if (text.empty())
        return std::optional<Ipv4Address>();
    Ipv4Address address{};
    std::size_t part = 0;
    int value = -1;
    for (const char letter : text + ".") {
        if (letter == '.') {
            if (value < 0 || part == address.size())
                return wrong(name, "is no IPv4 address");
            address[part++] = static_cast<std::uint8_t>(value);
            value = -1;
        } else {
            if (letter < '0' || letter > '9')
                return wrong(name, "is no IPv4 address");
            value = std::max(value, 0) * 10 + (letter - '0');
            if (value > 255)
                return wrong(name, "is no IPv4 address");
        }
    }
    if (part != address.size())
        return wrong(name, "is no IPv4 address");
    return std::optional(address);
}

/// A name that becomes part of paths and netlink messages.
Result<std::string> interface_of(Members& members, const char* name) {
    std::string text = TRY(members.text(name, longest_interface));
    const auto is_bad = [](unsigned char letter) {
        return letter <= 0x20 || letter >= 0x7f || letter == '/';
    };
    if (text == "." || text == ".." || std::any_of(text.begin(), text.end(), is_bad))
        return wrong(name, "is no name of a network interface");
    return text;
}

Result<VifSpec> vif_of(const Json& object) {
    auto members = TRY(Members::of(object, "a vif"));
    VifSpec vif;
    vif.id = static_cast<std::uint32_t>(TRY(members.required_number("id", 65535)));
    vif.place = TRY(place_of(members));
    const std::string mac = TRY(members.text("mac", 17));
    vif.config.mac = TRY(parse_mac(mac).while_doing("mac"));
    vif.config.bridge = TRY(interface_of(members, "bridge"));
    if (const auto vlan = TRY(members.number("vlan", 4094, 0)); vlan != 0)
        vif.config.vlan = static_cast<std::uint16_t>(vlan);
    vif.config.device_name = TRY(interface_of(members, "device_name"));
    vif.config.mtu = static_cast<std::uint16_t>(TRY(members.number("mtu", 65535, 0)));
    if (vif.config.mtu != 0 && vif.config.mtu < 68)
        return wrong("mtu", "is below 68");
    vif.config.ipv4 = TRY(address_of(members, "ipv4"));
    vif.config.ipv4_prefix = static_cast<std::uint8_t>(TRY(members.number("prefix", 32, 24)));
    vif.config.gateway = TRY(address_of(members, "gateway"));
    vif.config.rate = TRY(rate_of(members));
    TRY(members.nothing_else("a vif"));
    return vif;
}

Result<VbdSpec> vbd_of(const Json& object) {
    auto members = TRY(Members::of(object, "a vbd"));
    VbdSpec vbd;
    vbd.id = static_cast<std::uint32_t>(TRY(members.required_number("id", (1 << 29) - 1)));
    vbd.place = TRY(place_of(members));
    vbd.config.path = TRY(members.text("path", longest_path));
    if (!vbd.config.path.starts_with('/'))
        return wrong("path", "is not absolute");
    vbd.config.device_name = TRY(members.text("device_name", 15));
    vbd.config.read_only = TRY(members.flag("read_only", false));
    vbd.config.direct = TRY(members.flag("direct", false));
    vbd.config.discard = TRY(members.flag("discard", true));
    vbd.sectors = TRY(members.required_number("sectors", std::uint64_t{1} << 54));
    vbd.sector_size = static_cast<std::uint32_t>(TRY(members.number("sector_size", 4096, 512)));
    if (vbd.sectors == 0 || (vbd.sector_size != 512 && vbd.sector_size != 4096))
        return wrong("sectors", "or sector_size is no size of a disk");
    vbd.config.rate = TRY(rate_of(members));
    TRY(members.nothing_else("a vbd"));
    return vbd;
}

template<typename Spec>
Result<std::vector<Spec>> list_of(Members& members, const char* name, Result<Spec> (*read)(const Json&)) {
    std::vector<Spec> specs;
    const Json* list = members.find(name);
    if (!list)
        return specs;
    if (!list->is_array() || list->size() > most_devices)
        return wrong(name, "is not a list of at most " + std::to_string(most_devices) + " devices");
    for (const Json& item : *list) {
        Spec spec = TRY(read(item).while_doing(name));
        specs.push_back(std::move(spec));
    }
    return specs;
}

Result<Request> attach_of(Members& members) {
    AttachRequest request;
    request.domain = TRY(domain_of(members));
    const std::string uuid = TRY(members.text("uuid", 36));
    request.uuid = TRY(Uuid::parse(uuid).while_doing("uuid"));
    request.name = TRY(members.text("name", 64));
    if (!request.name.empty())
        TRY(check_guest_name(request.name));
    if (const Json* console = members.find("console"))
        request.console = TRY(place_of_object(*console, "console"));
    if (const Json* object = members.find("store")) {
        auto inner = TRY(Members::of(*object, "store"));
        StoreSpec store;
        const auto place = TRY(place_of(inner));
        if (!place)
            return wrong("store", "has no port and grant");
        store.place = *place;
        store.vcpus = static_cast<std::uint32_t>(TRY(inner.number("vcpus", maximum_vcpus, 1)));
        store.memory_kib = TRY(inner.number("memory_kib", maximum_memory_kib, 0));
        TRY(inner.nothing_else("store"));
        request.store = store;
    }
    request.vifs = TRY(list_of(members, "vifs", &vif_of));
    request.vbds = TRY(list_of(members, "vbds", &vbd_of));
    return Request(std::move(request));
}

Result<Request> detach_of(Members& members) {
    DetachRequest request;
    request.domain = TRY(domain_of(members));
    const std::string type = TRY(members.text("type", 3));
    if (type != "vif" && type != "vbd")
        return wrong("type", "is neither vif nor vbd");
    request.type = type == "vif" ? DeviceType::vif : DeviceType::vbd;
    request.id = static_cast<std::uint32_t>(TRY(members.required_number("id", (1 << 29) - 1)));
    request.force = TRY(members.flag("force", false));
    request.timeout = std::chrono::milliseconds(TRY(members.number("timeout_ms", 3'600'000, 10'000)));
    return Request(request);
}

Result<Request> shutdown_of(Members& members) {
    ShutdownRequest request;
    request.domain = TRY(domain_of(members));
    request.reason = TRY(members.text("reason", 8));
    constexpr std::array reasons{"poweroff", "reboot", "halt", "suspend"};
    if (std::find(reasons.begin(), reasons.end(), request.reason) == reasons.end())
        return wrong("reason", "is not poweroff, reboot, halt or suspend");
    return Request(request);
}

Result<Request> request_of(const std::string& operation, Members& members) {
    if (operation == "attach")
        return attach_of(members);
    if (operation == "detach")
        return detach_of(members);
    if (operation == "shutdown")
        return shutdown_of(members);
    if (operation == "forget") {
        ForgetRequest request;
        request.domain = TRY(domain_of(members));
        return Request(request);
    }
    if (operation == "console") {
        ConsoleRequest request;
        request.domain = TRY(domain_of(members));
        request.write = TRY(members.flag("write", false));
        return Request(request);
    }
    if (operation == "list") {
        ListRequest request;
        if (const Json* domain = members.find("domain")) {
            if (!domain->is_number_unsigned() || domain->get<std::uint64_t>() > 32751)
                return wrong("domain", "is no domain id");
            request.domain = DomainId{domain->get<std::uint16_t>()};
        }
        return Request(request);
    }
    if (operation == "status")
        return Request(StatusRequest{});
    return wrong("op", "is none that this version knows");
}

} // namespace

Result<Request> decode_request(std::string_view text) {
    if (text.size() > longest_message)
        return wrong("the request", "is too long");
    const Json json = Json::parse(text, nullptr, false);
    auto members = TRY(Members::of(json, "the request"));
    const std::string operation = TRY(members.text("op", 16));
    auto request = TRY(request_of(operation, members));
    TRY(members.nothing_else("the request"));
    return request;
}

} // namespace chaos::devices
