// SPDX-License-Identifier: BSD-3-Clause
// Who has which IPv4 address on a switch, learned from ARP (RFC 826), so that a question is put to the one who can answer
// it. Otherwise each guest that comes up, and each that looks for its gateway, would wake all the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

namespace xendevd {

class Neighbours {
  public:
    /// An Ethernet address, and whether it is behind the uplink rather than a port's.
    struct Holder {
        bool is_at_uplink = false;
        std::uint64_t address = 0;
        bool operator==(const Holder&) const = default;
    };
    /// `is_port` says whether a port has that address now.
    explicit Neighbours(std::function<bool(std::uint64_t address)> is_port) : is_port_(std::move(is_port)) {}

    /// True if the frame is one of ARP for IPv4 over Ethernet.
    static bool is_arp(std::span<const std::byte> head);
    /// Takes from an ARP frame of `sender` which IPv4 address it has.
    void learn(std::span<const std::byte> head, const Holder& sender);
    /// The same for one that is sent to all. Returns who is to get it; nothing if all are. What nobody on the switch can
    /// have a use for, because it is no news, is for the uplink.
    std::optional<Holder> learn_and_find(std::span<const std::byte> head, const Holder& sender);

    static constexpr std::size_t most = 65536;        ///< then all is forgotten, and learned again
    static constexpr std::size_t most_of_a_port = 64; ///< others are not kept: asked of all, as on any switch

  private:
    struct Entry {
        Holder holder;
        bool is_contested = false; ///< two claimed it while both were there: all are asked, always
    };
    enum class News : std::uint8_t { none, first, changed };
    News take(std::span<const std::byte> head, const Holder& sender);

    std::function<bool(std::uint64_t address)> is_port_;
    std::unordered_map<std::uint32_t, Entry>
        entries_; ///< a port's stay when it goes: others may still believe in them
    std::unordered_map<std::uint64_t, std::size_t> counts_; ///< of entries, by a port's address
};

} // namespace xendevd
