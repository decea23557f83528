// SPDX-License-Identifier: BSD-3-Clause
// Reading ARP frames. What a guest says is believed only as long as nobody else says so of himself: then the frames go to
// all, as if this table were not there.
#include "xendevd/vif/neighbours.hpp"

#include <cstring>
#include <utility>

#include "xendevd/vif/frame.hpp"

namespace xendevd {

namespace {

constexpr std::size_t ethernet_type = 12, hardware_type = 14, protocol_type = 16, sizes = 18, operation = 20,
                      sender_hardware = 22, sender_protocol = 28, target_protocol = 38, arp_end = 42;
constexpr std::uint16_t request = 1;

} // namespace

bool Neighbours::is_arp(std::span<const std::byte> head) {
    return head.size() >= arp_end && get16(head, ethernet_type) == 0x0806 &&
           get16(head, hardware_type) == 1 && get16(head, protocol_type) == 0x0800 &&
           get16(head, sizes) == 0x0604;
}

Neighbours::News Neighbours::take(std::span<const std::byte> head, const Holder& sender) {
    std::uint64_t claimed = 0;
    std::memcpy(&claimed, head.data() + sender_hardware, 6);
    const std::uint32_t ip = get32(head, sender_protocol);
    if (claimed != sender.address || ip == 0)
        return News::changed; // said of somebody else, or a probe (RFC 5227): not for us to judge
    const auto found = entries_.find(ip);
    if (found == entries_.end()) {
        if (entries_.size() >= most) {
            entries_.clear();
            counts_.clear();
        }
        if (!sender.is_at_uplink && counts_[sender.address]++ >= most_of_a_port) {
            --counts_[sender.address];
            return News::changed;
        }
        entries_.emplace(ip, Entry{sender});
        return News::first;
    }
    Entry& entry = found->second;
    if (entry.is_contested)
        return News::changed;
    if (entry.holder == sender)
        return News::none;
    entry.is_contested = entry.holder.is_at_uplink || is_port_(entry.holder.address);
    if (!entry.holder.is_at_uplink)
        --counts_[entry.holder.address];
    if (!sender.is_at_uplink)
        ++counts_[sender.address];
    entry.holder = sender;
    return News::changed;
}

void Neighbours::learn(std::span<const std::byte> head, const Holder& sender) {
    (void)take(head, sender);
}

std::optional<Neighbours::Holder> Neighbours::learn_and_find(std::span<const std::byte> head,
                                                             const Holder& sender) {
    const News news = take(head, sender);
    const std::uint32_t target = get32(head, target_protocol);
    if (get16(head, operation) != request || target == get32(head, sender_protocol)) {
        // An announcement. Nobody can have believed anything else of an address that nobody had.
        if (news == News::changed)
            return std::nullopt;
        return Holder{true, 0};
    }
    const auto found = entries_.find(target);
    if (found == entries_.end() || found->second.is_contested || found->second.holder == sender)
        return std::nullopt;
    const Holder& holder = found->second.holder;
    if (!holder.is_at_uplink && !is_port_(holder.address))
        return std::nullopt; // it went
    return holder;
}

} // namespace xendevd
