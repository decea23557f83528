// SPDX-License-Identifier: BSD-3-Clause
// The members of vifs and disks: {"mac":"00:16:3e:01:02:03","bridge":"xenbr0","rate":{…}}.
#include "libchaos/json/device_json.hpp"

namespace chaos::json {
namespace {

void write_rate(Writer& writer, const RateLimit& rate) {
    if (rate == RateLimit{})
        return;
    writer.key("rate");
    writer.open('{');
    writer.member("bytes_per_second", rate.bytes_per_second);
    writer.member("operations_per_second", rate.operations_per_second);
    writer.member("interval_us", rate.interval_us);
    writer.close('}');
}

Result<RateLimit> read_rate(const Fields& device) {
    RateLimit rate;
    const Value* value = device.find("rate");
    if (!value)
        return rate;
    const Fields fields = TRY(Fields::of(*value, "rate"));
    TRY(fields.has_only({"bytes_per_second", "operations_per_second", "interval_us"}));
    rate.bytes_per_second = TRY(fields.number_or("bytes_per_second", 0, 0, any<std::uint64_t>));
    rate.operations_per_second = TRY(fields.number_or("operations_per_second", 0, 0, any<std::uint64_t>));
    rate.interval_us = static_cast<std::uint32_t>(TRY(fields.number_or("interval_us", 50'000, 0, any<>)));
    return rate;
}

/// The Error of a check, as that of a member that is wrong.
template<typename Config>
Result<Config> checked(Config config, Result<void> check) {
    if (!check)
        return wrong(check.error().story());
    return config;
}

Result<Ipv4Address> read_address(const Fields& fields, std::string_view key) {
    auto address = parse_ipv4(TRY(fields.text(key)));
    if (!address)
        return wrong(std::string(key) + ": " + address.error().story());
    return address;
}

} // namespace

void write_members(Writer& writer, const VifConfig& vif) {
    if (vif.mac)
        writer.member("mac", to_text(*vif.mac));
    if (!vif.bridge.empty())
        writer.member("bridge", vif.bridge);
    if (vif.vlan)
        writer.member("vlan", *vif.vlan);
    if (!vif.device_name.empty())
        writer.member("device_name", vif.device_name);
    if (vif.mtu)
        writer.member("mtu", vif.mtu);
    if (vif.ipv4) {
        writer.member("ipv4", to_text(*vif.ipv4));
        writer.member("prefix", vif.ipv4_prefix);
    }
    if (vif.gateway)
        writer.member("gateway", to_text(*vif.gateway));
    write_rate(writer, vif.rate);
}

void write_members(Writer& writer, const DiskConfig& disk) {
    writer.member("path", disk.path);
    writer.member("device_name", disk.device_name);
    writer.flag("read_only", disk.read_only);
    if (disk.direct)
        writer.flag("direct", true);
    if (!disk.discard)
        writer.flag("discard", false);
    write_rate(writer, disk.rate);
}

Result<VifConfig> read_vif(const Fields& fields) {
    VifConfig vif;
    if (fields.find("mac")) {
        auto mac = parse_mac(TRY(fields.text("mac")));
        if (!mac)
            return wrong("mac: " + mac.error().story());
        vif.mac = *mac;
    }
    vif.bridge = TRY(fields.text_or_empty("bridge"));
    if (const auto vlan = TRY(fields.number_or("vlan", 0, 0, 4094)))
        vif.vlan = static_cast<std::uint16_t>(vlan);
    vif.device_name = TRY(fields.text_or_empty("device_name"));
    vif.mtu = static_cast<std::uint16_t>(TRY(fields.number_or("mtu", 0, 0, 65535)));
    if (fields.find("ipv4")) {
        vif.ipv4 = TRY(read_address(fields, "ipv4"));
        vif.ipv4_prefix = static_cast<std::uint8_t>(TRY(fields.number("prefix", 0, 32)));
    }
    if (fields.find("gateway"))
        vif.gateway = TRY(read_address(fields, "gateway"));
    vif.rate = TRY(read_rate(fields));
    auto check = check_vif(vif);
    return checked(std::move(vif), std::move(check));
}

Result<DiskConfig> read_disk(const Fields& fields) {
    DiskConfig disk;
    disk.path = TRY(fields.bytes("path"));
    disk.device_name = TRY(fields.text("device_name"));
    disk.read_only = TRY(fields.boolean_or("read_only", false));
    disk.direct = TRY(fields.boolean_or("direct", false));
    disk.discard = TRY(fields.boolean_or("discard", true));
    disk.rate = TRY(read_rate(fields));
    auto check = check_disk(disk);
    return checked(std::move(disk), std::move(check));
}

} // namespace chaos::json
