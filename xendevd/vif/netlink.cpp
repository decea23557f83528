// SPDX-License-Identifier: BSD-3-Clause
// The messages of rtnetlink, put together with libmnl.
#include "xendevd/vif/netlink.hpp"

#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

/// Interfaces that are to be removed together are put into a group of this number, which nobody else has a use for.
constexpr std::uint32_t leaving_group = 0x78656e64; // "xend"

/// Room for the few messages of one exchange.
struct Messages {
    alignas(nlmsghdr) std::array<char, 2048> bytes;
    std::size_t size = 0;
    unsigned count = 0;

    nlmsghdr* add(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
        nlmsghdr* message = mnl_nlmsg_put_header(bytes.data() + size);
        message->nlmsg_type = type;
        message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        message->nlmsg_seq = sequence;
        ++count;
        return message;
    }
    void finish(const nlmsghdr* message) { size += MNL_ALIGN(message->nlmsg_len); }
};

ifinfomsg* put_interface(nlmsghdr* message, unsigned char family, unsigned index) {
    auto* interface = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
    interface->ifi_family = family;
    interface->ifi_index = static_cast<int>(index);
    return interface;
}

/// Before the interface is up, so that the host never speaks on it.
void put_without_ipv6(nlmsghdr* message) {
    constexpr std::uint16_t address_generation = 8; // IFLA_INET6_ADDR_GEN_MODE
    constexpr std::uint8_t none = 1;                // IN6_ADDR_GEN_MODE_NONE
    nlattr* families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    nlattr* ipv6 = mnl_attr_nest_start(message, AF_INET6);
    mnl_attr_put_u8(message, address_generation, none);
    mnl_attr_nest_end(message, ipv6);
    mnl_attr_nest_end(message, families);
}

void put_vlan(nlmsghdr* message, std::uint16_t vlan, std::uint16_t flags) {
    nlattr* bridge = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    const bridge_vlan_info info{flags, vlan};
    mnl_attr_put(message, IFLA_BRIDGE_VLAN_INFO, sizeof info, &info);
    mnl_attr_nest_end(message, bridge);
}

/// What the kernel says about a refusal in words, or nothing.
std::string explanation_in(const nlmsghdr* message) {
    if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
        return {};
    const auto* failure = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
    std::size_t offset = sizeof(nlmsgerr);
    if (!(message->nlmsg_flags & NLM_F_CAPPED))
        offset += failure->msg.nlmsg_len - sizeof(nlmsghdr);
    const auto find_text = [](const nlattr* attribute, void* text) {
        if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG)
            *static_cast<std::string*>(text) = mnl_attr_get_str(attribute);
        return MNL_CB_OK;
    };
    std::string text;
    mnl_attr_parse(message, static_cast<unsigned>(offset), find_text, &text);
    return text;
}

struct Found {
    std::string_view beginning;
    std::vector<Link> links;
};

int collect_link(const nlmsghdr* message, void* context) {
    auto& found = *static_cast<Found*>(context);
    const auto* interface = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
    Link link;
    link.index = static_cast<unsigned>(interface->ifi_index);
    const auto take = [](const nlattr* attribute, void* into) {
        auto& taken = *static_cast<Link*>(into);
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
            taken.name = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_IFALIAS)
            taken.alias = mnl_attr_get_str(attribute);
        return MNL_CB_OK;
    };
    mnl_attr_parse(message, sizeof *interface, take, &link);
    if (link.alias.starts_with(found.beginning))
        found.links.push_back(std::move(link));
    return MNL_CB_OK;
}

} // namespace

void Netlink::Close::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

Result<Netlink> Netlink::open() {
    mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (!socket)
        return Error::from_errno("opening a netlink socket", errno);
    Netlink netlink(socket);
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0)
        return Error::from_errno("binding a netlink socket", errno);
    int on = 1; // words beside the number; an older kernel does without
    (void)mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof on);
    (void)mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof on);
    return netlink;
}

Result<unsigned> Netlink::index_of(const std::string& name) const {
    ifreq request{};
    if (name.empty() || name.size() >= sizeof request.ifr_name)
        return Error(ErrorKind::not_found, "there is no interface \"" + name + "\"");
    std::memcpy(request.ifr_name, name.data(), name.size());
    if (::ioctl(mnl_socket_get_fd(socket_.get()), SIOCGIFINDEX, &request) != 0)
        return Error::from_errno("looking for the interface " + name, errno).as(ErrorKind::not_found);
    return static_cast<unsigned>(request.ifr_ifindex);
}

Result<void> Netlink::exchange(const void* messages, std::size_t size, unsigned count) {
    if (mnl_socket_sendto(socket_.get(), messages, size) < 0)
        return Error::from_errno("sending to rtnetlink", errno);
    // The kernel has answered all of them by now, in order, and goes on after a refusal: the first one counts.
    const std::uint32_t first = sequence_ - count + 1;
    std::optional<Error> refusal;
    for (unsigned answered = 0; answered < count;) {
        alignas(nlmsghdr) std::array<char, 8192> buffer;
        const auto received = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (received < 0)
            return Error::from_errno("receiving from rtnetlink", errno);
        int left = static_cast<int>(received);
        for (auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
             message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq - first >= count)
                continue; // left over from an exchange that failed
            ++answered;
            const auto* result = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
            if (result->error == 0 || refusal)
                continue;
            const std::string words = explanation_in(message);
            refusal =
                Error::from_errno(words.empty() ? "rtnetlink" : "rtnetlink (" + words + ")", -result->error);
        }
    }
    if (refusal)
        return std::move(*refusal);
    return {};
}

Result<void> Netlink::set_up(const std::string& name, const LinkSettings& settings) {
    Messages messages;
    nlmsghdr* message = messages.add(RTM_SETLINK, 0, ++sequence_);
    put_interface(message, AF_UNSPEC, 0);
    mnl_attr_put_strz(message, IFLA_IFNAME, name.c_str());
    if (settings.address)
        mnl_attr_put(message, IFLA_ADDRESS, settings.address->size(), settings.address->data());
    if (settings.mtu != 0)
        mnl_attr_put_u32(message, IFLA_MTU, settings.mtu);
    if (!settings.alias.empty())
        mnl_attr_put_str(message, IFLA_IFALIAS, settings.alias.c_str());
    if (settings.bridge)
        mnl_attr_put_u32(message, IFLA_MASTER, *settings.bridge);
    if (!settings.has_ipv6)
        put_without_ipv6(message);
    messages.finish(message);

    if (settings.vlan) {
        const unsigned index = TRY(index_of(name));
        if (*settings.vlan != 1) { // what a port of a filtering bridge is in unless told otherwise
            message = messages.add(RTM_DELLINK, 0, ++sequence_);
            put_interface(message, AF_BRIDGE, index);
            put_vlan(message, 1, 0);
            messages.finish(message);
        }
        message = messages.add(RTM_SETLINK, 0, ++sequence_);
        put_interface(message, AF_BRIDGE, index);
        put_vlan(message, *settings.vlan, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
        messages.finish(message);
    }

    message = messages.add(RTM_SETLINK, 0, ++sequence_);
    ifinfomsg* interface = put_interface(message, AF_UNSPEC, 0);
    interface->ifi_flags = interface->ifi_change = IFF_UP;
    mnl_attr_put_strz(message, IFLA_IFNAME, name.c_str());
    messages.finish(message);
    return exchange(messages.bytes.data(), messages.size, messages.count)
        .while_doing("setting up the interface " + name);
}

Result<void> Netlink::rename(const std::string& name, const std::string& new_name) {
    Messages messages;
    nlmsghdr* message = messages.add(RTM_SETLINK, 0, ++sequence_);
    put_interface(message, AF_UNSPEC, TRY(index_of(name)));
    mnl_attr_put_strz(message, IFLA_IFNAME, new_name.c_str());
    messages.finish(message);
    auto renamed = exchange(messages.bytes.data(), messages.size, messages.count);
    if (!renamed && renamed.error().system_errno() == EEXIST)
        return Error(ErrorKind::name_taken, "there is an interface " + new_name + " already")
            .advise("Remove it, or give the vif another name with vifname=.");
    return std::move(renamed).while_doing("renaming the interface " + name + " to " + new_name);
}

Result<void> Netlink::add_address(const std::string& name, const chaos::Ipv4Address& address,
                                  std::uint8_t prefix) {
    Messages messages;
    nlmsghdr* message = messages.add(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ++sequence_);
    auto* header = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifaddrmsg)));
    header->ifa_family = AF_INET;
    header->ifa_prefixlen = prefix;
    header->ifa_scope = RT_SCOPE_UNIVERSE;
    header->ifa_index = TRY(index_of(name));
    mnl_attr_put(message, IFA_LOCAL, address.size(), address.data());
    mnl_attr_put(message, IFA_ADDRESS, address.size(), address.data());
    if (prefix < 31) {
        chaos::Ipv4Address broadcast = address;
        for (unsigned bit = prefix; bit < 32; ++bit)
            broadcast[bit / 8] = static_cast<std::uint8_t>(broadcast[bit / 8] | 0x80u >> bit % 8);
        mnl_attr_put(message, IFA_BROADCAST, broadcast.size(), broadcast.data());
    }
    messages.finish(message);
    return exchange(messages.bytes.data(), messages.size, messages.count)
        .while_doing("giving the interface " + name + " its address");
}

Result<std::vector<Link>> Netlink::find_by_alias(std::string_view beginning) {
    Messages messages;
    nlmsghdr* message = messages.add(RTM_GETLINK, NLM_F_DUMP, ++sequence_);
    put_interface(message, AF_UNSPEC, 0);
    messages.finish(message);
    if (mnl_socket_sendto(socket_.get(), messages.bytes.data(), messages.size) < 0)
        return Error::from_errno("sending to rtnetlink", errno);
    Found found{beginning, {}};
    for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
        alignas(nlmsghdr) std::array<char, 32768> buffer; // the largest part that the kernel sends
        const auto received = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (received < 0)
            return Error::from_errno("receiving from rtnetlink", errno);
        more = mnl_cb_run(buffer.data(), static_cast<std::size_t>(received), sequence_,
                          mnl_socket_get_portid(socket_.get()), collect_link, &found);
        if (more < 0)
            return Error::from_errno("listing the host's interfaces", errno);
    }
    return std::move(found.links);
}

Result<void> Netlink::remove(std::span<const unsigned> indices) {
    if (indices.empty())
        return {};
    for (const unsigned index : indices) {
        Messages messages;
        nlmsghdr* message = messages.add(RTM_SETLINK, 0, ++sequence_);
        put_interface(message, AF_UNSPEC, index);
        mnl_attr_put_u32(message, IFLA_GROUP, leaving_group);
        messages.finish(message);
        auto set = exchange(messages.bytes.data(), messages.size, messages.count);
        if (!set && set.error().system_errno() != ENODEV)
            return std::move(set).while_doing("telling an interface that it is to go");
    }
    Messages messages;
    nlmsghdr* message = messages.add(RTM_DELLINK, 0, ++sequence_);
    put_interface(message, AF_UNSPEC, 0);
    mnl_attr_put_u32(message, IFLA_GROUP, leaving_group);
    messages.finish(message);
    auto removed = exchange(messages.bytes.data(), messages.size, messages.count);
    if (!removed && removed.error().system_errno() != ENODEV)
        return std::move(removed).while_doing("removing interfaces");
    return {};
}

} // namespace xendevd
