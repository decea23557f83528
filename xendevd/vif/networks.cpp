// SPDX-License-Identifier: BSD-3-Clause
// Finding bridges and making devices on them.
#include "xendevd/vif/networks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

/// What all our devices bear as alias: "xendevd 32700.0".
constexpr std::string_view alias_beginning = "xendevd ";

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

std::string text_of(const std::string& path) {
    const chaos::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 256> text;
    const ssize_t size = file.is_open() ? ::read(file.get(), text.data(), text.size()) : -1;
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

bool is_interface_name(const std::string& name) {
    return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
           name.find_first_of("/: \t\n") == std::string::npos;
}

} // namespace

Networks::~Networks() = default;

Result<std::unique_ptr<Networks>> Networks::open(EventLoop&, chaos::xen::GrantTable& grants, Log&,
                                                 const std::vector<std::string>& switches,
                                                 const std::string& default_bridge) {
    auto netlink = TRY(Netlink::open());
    if (!switches.empty())
        return Error(ErrorKind::invalid_argument, "own switches are not there yet");
    return std::unique_ptr<Networks>(
        new Networks(std::move(netlink), grants, default_bridge.empty() ? "xenbr0" : default_bridge));
}

Result<Networks::Place> Networks::find(const std::string& bridge) {
    Place place{Kind::linux_bridge, bridge.empty() ? default_bridge_ : bridge};
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
    const bool exists = ::access(interface.c_str(), F_OK) == 0;
    return Error(ErrorKind::not_found, exists ? "the interface " + place.name + " is no bridge"
                                              : "there is no bridge " + place.name)
        .advise("Make one with `ip link add " + place.name + " type bridge` and `ip link set " + place.name +
                " up`, name another with bridge=, or let xendevd have a switch of its own (--switch).");
}

Result<Tap> Networks::open_tap(const std::string& name) {
    auto tap = Tap::open(name, false);
    if (tap || tap.error().kind() != ErrorKind::name_taken)
        return tap;
    // One of ours that outlived the process which made it?
    if (!text_of("/sys/class/net/" + name + "/ifalias").starts_with(alias_beginning))
        return tap;
    return Tap::open(name, true);
}

Result<Tap> Networks::make_tap(const Place& place, chaos::DomainId domain, const VifSettings& settings) {
    const std::string name = settings.device_name.empty()
                                 ? "vif" + std::to_string(raw(domain)) + "." + std::to_string(settings.id)
                                 : settings.device_name;
    Tap tap = TRY(open_tap(name));
    LinkSettings link;
    link.address = tap_address;
    link.mtu = settings.mtu == 1500 ? std::uint16_t{0} : settings.mtu; // what a new one has
    link.alias = alias_of(domain, settings.id);
    link.has_ipv6 = false;
    link.vlan = settings.vlan;
    TRY(plug_in(place, link, name));
    return tap;
}

Result<void> Networks::plug_in(const Place& place, const LinkSettings& settings, const std::string& tap) {
    LinkSettings link = settings;
    if (link.vlan && text_of("/sys/class/net/" + place.name + "/bridge/vlan_filtering") != "1\n")
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

Error Networks::explain(Error problem, const Place& place) const {
    auto error = std::move(problem).while_doing("adding a port to the bridge " + place.name);
    if (error.system_errno() == EXFULL)
        return std::move(error).advise(
            "A Linux bridge has 1,023 ports; use another, or a switch of xendevd's own (--switch).");
    return error;
}

void Networks::give_back(const Place&, Tap& tap) {
    if (keeps_devices_)
        tap.keep();
}

Result<void>
Networks::remove_leftovers(const std::function<bool(chaos::DomainId, std::uint16_t id)>& is_known) {
    for (const Link& link : TRY(netlink_.find_by_alias(alias_beginning))) {
        const auto owner = owner_of(link.alias);
        if (owner && !is_known(owner->first, owner->second))
            TRY(netlink_.remove(link.index).while_doing("removing " + link.name + ", whose guest is gone"));
    }
    return {};
}

} // namespace xendevd
