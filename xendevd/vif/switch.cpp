// SPDX-License-Identifier: BSD-3-Clause
// Passing frames between vifs and the uplink.
#include "xendevd/vif/switch.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "noxs/noxs.h"
#include "xendevd/vif/segmentation.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

std::uint64_t key_of(const void* address) {
    std::uint64_t key = 0;
    std::memcpy(&key, address, 6);
    return key;
}

bool is_group(std::span<const std::byte> address) {
    return (address[0] & std::byte{1}) != std::byte{0};
}

/// Addresses that no bridge passes on: spanning tree, pause frames and the like (IEEE 802.1Q, table 8-1).
bool is_for_this_link(std::span<const std::byte> address) {
    static constexpr std::byte group[5] = {std::byte{0x01}, std::byte{0x80}, std::byte{0xc2}, std::byte{0},
                                           std::byte{0}};
    return std::memcmp(address.data(), group, sizeof group) == 0 && address[5] < std::byte{0x10};
}

struct Asked {
    std::string name;
    std::optional<chaos::Ipv4Address> address;
    std::uint8_t prefix = 0;
};

Result<Asked> read(std::string_view text) {
    const auto wrong = [&] {
        return Error(ErrorKind::invalid_argument, "\"" + std::string(text) + "\" is no switch")
            .advise("Give a switch as NAME or NAME=ADDRESS/PREFIX, for example chaos0=10.7.0.1/16.");
    };
    Asked asked;
    const std::size_t equals = text.find('=');
    asked.name = text.substr(0, equals);
    if (!is_interface_name(asked.name))
        return wrong();
    if (equals == std::string_view::npos)
        return asked;
    const char *at = text.data() + equals + 1, *end = text.data() + text.size();
    chaos::Ipv4Address address{};
    for (std::size_t byte = 0; byte < 4; ++byte) {
        const auto read_byte = std::from_chars(at, end, address[byte]);
        if (read_byte.ec != std::errc{} || read_byte.ptr == end || *read_byte.ptr != (byte == 3 ? '/' : '.'))
            return wrong();
        at = read_byte.ptr + 1;
    }
    const auto prefix = std::from_chars(at, end, asked.prefix);
    if (prefix.ec != std::errc{} || prefix.ptr != end || asked.prefix > 32)
        return wrong();
    asked.address = address;
    return asked;
}

} // namespace

Result<std::unique_ptr<Switch>> Switch::open(EventLoop& loop, Log& log, Workspace& workspace,
                                             Netlink& netlink, std::string_view text) {
    const Asked asked = TRY(read(text));
    const auto make = [&]() -> Result<std::unique_ptr<Switch>> {
        Tap tap = TRY(Tap::open(asked.name));
        // Guests finish what they can; what a guest cannot, its port does.
        TRY(tap.set_offload(NOXS_VIF_CHECKSUM_BLANK | NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6));
        LinkSettings link;
        link.alias = std::string(alias_beginning) + "switch";
        TRY(netlink.set_up(asked.name, link));
        if (asked.address)
            TRY(netlink.add_address(asked.name, *asked.address, asked.prefix));
        auto made = std::make_unique<Switch>(loop, log, workspace, asked.name, std::move(tap));
        TRY(made->listen());
        return made;
    };
    return make().while_doing("making the switch " + asked.name);
}

Switch::Switch(EventLoop& loop, Log& log, Workspace& workspace, std::string name, Tap tap)
    : loop_(loop), log_(log), workspace_(workspace), name_(std::move(name)), uplink_(std::move(tap)) {}

Switch::~Switch() {
    loop_.remove(uplink_.fd());
}

Result<void> Switch::listen() {
    return loop_.add(uplink_.fd(), EPOLLIN, *this);
}

Result<void> Switch::check_address(const chaos::MacAddress& address) {
    const auto bytes = std::as_bytes(std::span(address));
    if (is_group(bytes) || key_of(bytes.data()) == 0)
        return Error(ErrorKind::invalid_argument,
                     chaos::to_text(address) + " is no address that one vif can have");
    return {};
}

// Who has which IPv4 address is learned by address, so what was learned of the former one is nobody's now.
void Switch::readdress(SwitchPort& port, const chaos::MacAddress& address) {
    by_address_.erase(key_of(port.mac_.data()));
    port.mac_ = address;
    by_address_[key_of(address.data())] = &port;
}

Result<void> Switch::plug_in(SwitchPort& port) {
    TRY(check_address(port.mac_));
    if (!by_address_.emplace(key_of(port.mac_.data()), &port).second)
        return Error(ErrorKind::name_taken,
                     "another vif on the switch " + name_ + " has the address " + chaos::to_text(port.mac_))
            .advise("Give each vif a mac= of its own, or none: then one is drawn.");
    port.place_ = ports_.size();
    ports_.push_back(&port);
    return {};
}

void Switch::unplug(SwitchPort& port) {
    by_address_.erase(key_of(port.mac_.data()));
    ports_[port.place_] = ports_.back();
    ports_[port.place_]->place_ = port.place_;
    ports_.pop_back();
}

SwitchPort* Switch::find(std::span<const std::byte> address) const {
    const auto found = by_address_.find(key_of(address.data()));
    return found == by_address_.end() ? nullptr : found->second;
}

bool Switch::forward(Frame& frame, SwitchPort& port, Clock::time_point now) {
    const auto to = frame.head().first(6), from = frame.head().subspan(6, 6);
    if (key_of(from.data()) != key_of(port.mac_.data()))
        return false;
    const bool is_arp = Neighbours::is_arp(frame.head());
    const Neighbours::Holder sender{false, key_of(from.data())};
    if (is_group(to)) {
        if (is_for_this_link(to))
            return false;
        const auto holder = is_arp ? neighbours_.learn_and_find(frame.head(), sender) : std::nullopt;
        if (holder && holder->is_at_uplink)
            return uplink_.write(frame);
        if (holder) {
            by_address_.at(holder->address)->deliver(frame, false);
            return true;
        }
        if (!port.flooding_.allows(now))
            return false;
        port.flooding_.charge(static_cast<double>(ports_.size()), 1);
        flood(frame, &port);
        return uplink_.write(frame);
    }
    if (is_arp)
        neighbours_.learn(frame.head(), sender);
    SwitchPort* receiver = find(to);
    if (!receiver)
        return uplink_.write(frame);
    if (receiver == &port)
        return false;
    receiver->deliver(frame, false);
    return true;
}

void Switch::flood(const Frame& frame, const SwitchPort* except) {
    if (frame.is_segmented_later())
        return; // TCP, to many: nobody means that
    // Finished once rather than by each port.
    Frame finished;
    if (frame.has_blank_checksum() && !fill_in_checksum(frame, workspace_, finished))
        return;
    for (SwitchPort* port : ports_) {
        if (port != except)
            port->deliver(frame.has_blank_checksum() ? finished : frame, true);
    }
}

void Switch::take_from_uplink(const Frame& frame) {
    const auto to = frame.head().first(6);
    const bool is_arp = Neighbours::is_arp(frame.head());
    const Neighbours::Holder sender{true, key_of(frame.head().data() + 6)};
    if (is_group(to)) {
        const auto holder = is_arp ? neighbours_.learn_and_find(frame.head(), sender) : std::nullopt;
        if (!holder)
            flood(frame, nullptr);
        else if (!holder->is_at_uplink)
            by_address_.at(holder->address)->deliver(frame, false);
        return;
    }
    if (is_arp)
        neighbours_.learn(frame.head(), sender);
    if (SwitchPort* receiver = find(to))
        receiver->deliver(frame, false);
}

void Switch::handle_descriptor(std::uint32_t events) {
    if (!(events & EPOLLIN)) {
        loop_.remove(uplink_.fd());
        return log_.error("the interface " + name_ +
                          " was removed: guests on that switch reach only each other");
    }
    Frame& frame = workspace_.batch.frame;
    std::size_t count = 0;
    for (; count < reads_.expected(); ++count) {
        frame.clear();
        frame.add(workspace_.frame(count), Workspace::frame_pages * chaos::page_size);
        if (uplink_.read(frame) != Tap::Reading::frame)
            break;
        frame.vectors[1].iov_len = frame.length;
        if (frame.length < ethernet_header)
            continue;
        take_from_uplink(frame);
    }
    workspace_.flush();
    reads_.had(count, loop_.turns(), Workspace::frames);
}

} // namespace xendevd
