// SPDX-License-Identifier: BSD-3-Clause
// Finding bridges and making devices on them.
#include "xendevd/vif/bridges.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "xendevd/vif/vif.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

/// As Xen's scripts do: an address higher than any other, so that no bridge takes it for its own.
constexpr chaos::MacAddress tap_address{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};

std::string alias_of(chaos::DomainId domain, std::uint16_t id) {
    return std::string(alias_beginning) + std::to_string(raw(domain)) + "." + std::to_string(id);
}

/// Domain and id of an alias; nothing if it is another's.
std::optional<std::pair<chaos::DomainId, std::uint16_t>> owner_of(std::string_view alias) {
    alias.remove_prefix(alias_beginning.size());
    std::uint16_t domain = 0, id = 0;
    const char* end = alias.data() + alias.size();
    const auto first = std::from_chars(alias.data(), end, domain);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.')
        return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, id);
    if (second.ec != std::errc{} || second.ptr != end)
        return std::nullopt;
    return std::pair{chaos::DomainId{domain}, id};
}

} // namespace

Result<Bridges::Place> Bridges::find(const std::string& name) {
    Place place{Kind::linux_bridge, name};
    if (bridges_.contains(place.name))
        return place;
    if (!is_interface_name(place.name))
        return Error(ErrorKind::invalid_argument, "\"" + place.name + "\" is no name of a bridge")
            .advise("Such names have 1 to 15 characters.");
    const std::string interface = "/sys/class/net/" + place.name;
    if (::access((interface + "/bridge").c_str(), F_OK) == 0) {
        bridges_[place.name] = TRY(netlink_.index_of(place.name));
        return place;
    }
    if (TRY(open_vswitch_.has_bridge(place.name)))
        return Place{Kind::open_vswitch, place.name};
    const bool exists = ::access(interface.c_str(), F_OK) == 0;
    return Error(ErrorKind::not_found, exists ? "the interface " + place.name + " is no bridge"
                                              : "there is no bridge " + place.name)
        .advise("Make one with `ip link add " + place.name + " type bridge` and `ip link set " + place.name +
                " up`, name another with bridge=, or let xendevd have a switch of its own (--switch).");
}

Result<Bridges::End> Bridges::make(const std::string& bridge, chaos::DomainId domain,
                                   const VifSettings& settings) {
    const Place place = TRY(find(bridge));
    const std::string name = settings.device_name.empty()
                                 ? "vif" + std::to_string(raw(domain)) + "." + std::to_string(settings.id)
                                 : settings.device_name;
    Tap tap = TRY(Tap::open(name));
    LinkSettings link;
    link.address = tap_address;
    link.mtu = settings.mtu == 1500 ? std::uint16_t{0} : settings.mtu; // what a new one has
    link.alias = alias_of(domain, settings.id);
    link.has_ipv6 = false;
    link.vlan = settings.vlan;
    TRY(join(place, link, name));
    return End{place, std::move(tap)};
}

Result<void> Bridges::join(const Place& place, LinkSettings link, const std::string& interface) {
    if (place.kind != Kind::open_vswitch)
        return plug_in(place, link, interface);
    const auto vlan = std::exchange(link.vlan, {}); // of the port in the database, not of the kernel's bridge
    TRY(netlink_.set_up(interface, link));
    return open_vswitch_.add_port(place.name, interface, vlan)
        .while_doing("adding a port to the bridge " + place.name);
}

Result<Bridges::Kind> Bridges::connect(const HostInterface& interface) {
    const Place place = TRY(find(interface.bridge));
    std::string name = interface.name;
    if (!interface.new_name.empty() && interface.new_name != name) {
        if (!is_interface_name(interface.new_name))
            return Error(ErrorKind::invalid_argument,
                         "\"" + interface.new_name + "\" is no name of an interface")
                .advise("Such names have 1 to 15 characters.");
        // A xendevd that was killed may have got as far as this.
        if (netlink_.index_of(name) || !netlink_.index_of(interface.new_name))
            TRY(netlink_.rename(name, interface.new_name));
        name = interface.new_name;
    }
    LinkSettings link;
    link.address = tap_address;
    link.mtu = interface.mtu;
    if (link.mtu == 0) {
        const std::string text = text_in_sys("/sys/class/net/" + place.name + "/mtu");
        (void)std::from_chars(text.data(), text.data() + text.size(), link.mtu);
    }
    link.has_ipv6 = false;
    link.vlan = interface.vlan;
    TRY(join(place, link, name));
    return place.kind;
}

Result<void> Bridges::plug_in(const Place& place, const LinkSettings& settings, const std::string& tap) {
    LinkSettings link = settings;
    if (link.vlan && text_in_sys("/sys/class/net/" + place.name + "/bridge/vlan_filtering") != "1")
        return Error(ErrorKind::invalid_argument, "the bridge " + place.name + " does not keep VLANs apart")
            .advise("Let it, with `ip link set " + place.name +
                    " type bridge vlan_filtering 1`, or name a bridge of Open vSwitch.");
    link.bridge = bridges_[place.name];
    auto done = netlink_.set_up(tap, link);
    if (done)
        return done;
    // The bridge may have been made anew since it was first seen.
    bridges_.erase(place.name);
    TRY(find(place.name));
    if (const unsigned index = bridges_[place.name]; index != *link.bridge) {
        link.bridge = index;
        done = netlink_.set_up(tap, link);
    }
    if (!done)
        return explain(std::move(done).error(), place);
    return {};
}

Error Bridges::explain(Error problem, const Place& place) {
    auto error = std::move(problem).while_doing("adding a port to the bridge " + place.name);
    if (error.system_errno() == EXFULL)
        return std::move(error).advise(
            "A Linux bridge has 1,023 ports; use another, or a switch of xendevd's own (--switch).");
    return error;
}

void Bridges::remove(std::vector<End> ends) {
    std::vector<unsigned> indices;
    for (const End& end : ends) {
        const std::string name = end.tap->present_name();
        if (name.empty())
            continue; // somebody else was quicker
        if (end.place.kind == Kind::open_vswitch)
            (void)open_vswitch_.remove_port(name).has_value(); // without its device it does no harm
        if (const auto index = netlink_.index_of(name))
            indices.push_back(*index);
    }
    // What this leaves, for whatever reason, goes when it is closed: one after the other.
    (void)netlink_.remove(indices).has_value();
}

Result<void> Bridges::remove_leftovers(const std::function<bool(chaos::DomainId, std::uint16_t id)>& is_known,
                                       const std::function<bool(const std::string& name)>& is_switch) {
    std::vector<unsigned> indices;
    for (const Link& link : TRY(netlink_.find_by_alias(alias_beginning))) {
        const auto owner = owner_of(link.alias);
        if (is_switch(link.name) || (owner && is_known(owner->first, owner->second)))
            continue;
        (void)open_vswitch_.remove_port(link.name).has_value(); // if it was one
        indices.push_back(link.index);
    }
    return netlink_.remove(indices).while_doing("removing interfaces whose guests are gone");
}

} // namespace xendevd
