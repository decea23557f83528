// SPDX-License-Identifier: BSD-3-Clause
// One item of vif=[…]: KEY=VALUE, separated by commas.
#include <charconv>

#include "libchaos/config/devices.hpp"
#include "libchaos/config/item.hpp"
#include "libchaos/config/rate.hpp"
#include "libchaos/config/text.hpp"

namespace chaos {
namespace {

using config::in_quotes;
using config::invalid_item;

constexpr std::string_view keys = "mac, bridge, ip, gateway, rate, pps, mtu, vifname";

struct Refused {
    std::string_view key;
    std::string_view why;
};
constexpr Refused refused_keys[] = {
    {"accel", "nothing has read it for many years; leave it out"},
    {"backend", "xendevd in this domain serves all devices; leave it out"},
    {"devid", "devices are numbered in the order of the list; put the item where it belongs"},
    {"forwarddev", "COLO is not carried out"},
    {"gatewaydev", "routing without a bridge is not carried out; name a bridge"},
    {"model", "it is for guests with a device model; leave it out"},
    {"netdev", "routing without a bridge is not carried out; name a bridge"},
    {"script", "xendevd connects devices itself and runs no scripts; name a bridge"},
    {"trusted", "guests decide themselves whom they trust; leave it out"},
};

/// What Linux takes for the name of an interface, without characters that a terminal does not show.
Result<void> check_interface_name(std::string_view key, std::string_view name) {
    constexpr std::size_t longest = 15; // IFNAMSIZ - 1, linux/if.h
    bool fine = !name.empty() && name.size() <= longest && name != "." && name != "..";
    for (const char c : name)
        fine = fine && c > ' ' && c < 0x7f && c != '/' && c != ':' && c != ',';
    if (!fine)
        return invalid_item(std::string(key) + "=" + std::string(name.substr(0, 20)) +
                            ": the name of a network interface was expected, 1 to 15 printable characters");
    return {};
}

Result<std::uint16_t> parse_number(std::string_view key, std::string_view text, unsigned smallest,
                                   unsigned largest) {
    unsigned number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || number < smallest || number > largest)
        return invalid_item(std::string(key) + "=" + in_quotes(text) + ": a number from " +
                            std::to_string(smallest) + " to " + std::to_string(largest) + " was expected");
    return static_cast<std::uint16_t>(number);
}

/// NAME or NAME.TAG: a name may hold dots itself, so only a number behind the last one is a tag.
Result<void> parse_bridge(std::string_view text, VifConfig& vif) {
    if (text.find(':') != text.npos)
        return invalid_item(
            "bridge=" + std::string(text.substr(0, 40)) +
            ": trunks of several VLANs are not carried out; give one, as in bridge=xenbr0.12");
    const auto dot = text.rfind('.');
    const std::string_view tag = dot == text.npos ? std::string_view() : text.substr(dot + 1);
    if (!tag.empty() && tag.find_first_not_of("0123456789") == tag.npos) {
        vif.vlan = TRY(parse_number("bridge=…, VLAN", tag, 1, 4094));
        text = text.substr(0, dot);
    }
    TRY(check_interface_name("bridge", text));
    vif.bridge = text;
    return {};
}

Result<void> parse_address(std::string_view text, VifConfig& vif) {
    if (text.find(' ') != text.npos)
        return invalid_item("ip=" + in_quotes(text) + ": several addresses are not carried out; give one");
    const auto slash = text.find('/');
    vif.ipv4 = TRY(parse_ipv4(text.substr(0, slash)));
    vif.ipv4_prefix = 24;
    if (slash != text.npos)
        vif.ipv4_prefix =
            static_cast<std::uint8_t>(TRY(parse_number("ip=…/", text.substr(slash + 1), 0, 32)));
    if (*vif.ipv4 == Ipv4Address{})
        return invalid_item("ip=" + std::string(text) + " is the address of nobody; leave it out for DHCP");
    return {};
}

Result<void> parse_part(std::string_view key, std::string_view value, VifConfig& vif) {
    if (key == "mac")
        vif.mac = TRY(parse_mac(value));
    else if (key == "bridge")
        TRY(parse_bridge(value, vif));
    else if (key == "ip")
        TRY(parse_address(value, vif));
    else if (key == "gateway")
        vif.gateway = TRY(parse_ipv4(value));
    else if (key == "rate")
        TRY(config::parse_rate(value, vif.rate));
    else if (key == "pps")
        TRY(config::parse_operations(value, vif.rate));
    else if (key == "mtu")
        vif.mtu = TRY(parse_number("mtu", value, 68, 65535));
    else if (key == "vifname") {
        TRY(check_interface_name(key, value));
        vif.device_name = value;
    } else if (key == "type") {
        if (value != "vif" && value != "netfront")
            return invalid_item("type=" + in_quotes(value) +
                                ": emulated cards need a device model; leave it out");
    } else {
        for (const Refused& refused : refused_keys)
            if (refused.key == key)
                return invalid_item(std::string(key) + "= is refused: " + std::string(refused.why));
        if (key.starts_with("colo"))
            return invalid_item(std::string(key.substr(0, 40)) + "= is refused: COLO is not carried out");
        return invalid_item("there is no key " + in_quotes(key) + "; there are " + std::string(keys));
    }
    return {};
}

} // namespace

Result<VifConfig> parse_vif(std::string_view text) {
    VifConfig vif;
    config::Parts parts(text);
    while (const auto part = parts.next()) {
        if (part->empty())
            continue; // vif=[''] asks for a device with nothing special, and a comma may stand at the end
        const auto equals = part->find('=');
        if (equals == part->npos)
            return invalid_item(in_quotes(*part) + ": KEY=VALUE was expected; there are the keys " +
                                std::string(keys));
        const std::string_view key = part->substr(0, equals);
        if (!parts.note(key))
            return invalid_item(std::string(key) + "= is given twice");
        TRY(parse_part(key, part->substr(equals + 1), vif));
    }
    if (vif.gateway && !vif.ipv4)
        return invalid_item("gateway= has no effect without ip=: DHCP tells the gateway");
    return vif;
}

Result<void> check_vif(const VifConfig& vif) {
    if (vif.mac && (((*vif.mac)[0] & 1) || *vif.mac == MacAddress{}))
        return invalid_item("its MAC address is not that of one device");
    if (!vif.bridge.empty())
        TRY(check_interface_name("bridge", vif.bridge));
    if (!vif.device_name.empty())
        TRY(check_interface_name("vifname", vif.device_name));
    if (vif.vlan && (*vif.vlan < 1 || *vif.vlan > 4094))
        return invalid_item("its VLAN is not one from 1 to 4094");
    if (vif.mtu != 0 && vif.mtu < 68)
        return invalid_item("its MTU is below 68");
    if (vif.ipv4_prefix > 32 || (!vif.ipv4 && vif.ipv4_prefix != 0) ||
        (vif.ipv4 && *vif.ipv4 == Ipv4Address{}))
        return invalid_item("its address is none");
    if (vif.gateway && !vif.ipv4)
        return invalid_item("it has a gateway without an address");
    return config::check_rate(vif.rate);
}

} // namespace chaos
