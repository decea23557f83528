// SPDX-License-Identifier: BSD-3-Clause
// Both kinds of devices, side by side.
#include "xendevd/store/device_keys.hpp"

#include <algorithm>
#include <charconv>

#include "noxs/noxs.h"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

constexpr std::string_view yes = "1";
constexpr std::uint32_t read_only_disk = 4; // VDISK_READONLY, xen/io/blkif.h

std::string flag(bool set) {
    return set ? "1" : "0";
}

bool is_set(const StoreNode& directory, std::string_view key) {
    return text_in(&directory, key) == yes;
}

Result<chaos::GrantReference> reference_in(const StoreNode& directory, std::string_view key) {
    const auto number = number_in(&directory, key);
    if (!number)
        return Error(ErrorKind::guest_failed, "it names no grant reference in " + std::string(key));
    return chaos::GrantReference{*number};
}

KeyValues keys_of_backend(const VifKeys& keys, std::uint32_t features) {
    return {{"handle", std::to_string(keys.id)},
            {"mac", chaos::to_text(keys.mac)},
            {"feature-rx-copy", "1"},
            {"feature-rx-flip", "0"},
            {"feature-sg", flag(features & NOXS_VIF_SCATTER_GATHER)},
            {"feature-gso-tcpv4", flag(features & NOXS_VIF_GSO_TCP4)},
            {"feature-gso-tcpv6", flag(features & NOXS_VIF_GSO_TCP6)},
            {"feature-ipv6-csum-offload", "1"},
            {"hotplug-status", "connected"}};
}

KeyValues keys_of_backend(const VbdKeys& keys, std::uint32_t features) {
    KeyValues values{{"dev", keys.device_name},
                     {"device-type", "disk"},
                     {"type", "phy"},
                     {"mode", keys.read_only ? "r" : "w"},
                     {"removable", "0"},
                     {"bootable", "1"},
                     {"sectors", std::to_string(keys.sectors)},
                     {"sector-size", std::to_string(keys.sector_size)},
                     {"physical-sector-size", std::to_string(keys.sector_size)},
                     {"info", std::to_string(keys.read_only ? read_only_disk : 0)},
                     {"feature-barrier", "0"},
                     {"feature-flush-cache", flag(features & NOXS_VBD_FLUSH)},
                     {"feature-discard", flag(features & NOXS_VBD_DISCARD)},
                     {"feature-persistent", flag(features & NOXS_VBD_PERSISTENT)},
                     {"max-ring-page-order", "3"}, // NOXS_MAXIMUM_RING_PAGES
                     {"hotplug-status", "connected"}};
    if (features & NOXS_VBD_DISCARD) {
        values.emplace_back("discard-granularity", std::to_string(keys.sector_size));
        values.emplace_back("discard-alignment", "0");
        values.emplace_back("discard-secure", "0");
    }
    if (features & NOXS_VBD_INDIRECT)
        values.emplace_back("feature-max-indirect-segments", "256");
    return values;
}

/// A front end of these has one queue and, unless it was offered more, one event channel.
Result<Offer> offer_of(const VifKeys&, const StoreNode& directory, std::uint32_t features) {
    if (!is_set(directory, "request-rx-copy"))
        return Error(ErrorKind::guest_failed, "it cannot receive by copying");
    Offer offer;
    offer.rings.push_back(TRY(reference_in(directory, "tx-ring-ref")));
    offer.rings.push_back(TRY(reference_in(directory, "rx-ring-ref")));
    if (is_set(directory, "feature-sg"))
        offer.features |= NOXS_VIF_SCATTER_GATHER;
    if (is_set(directory, "feature-gso-tcpv4"))
        offer.features |= NOXS_VIF_GSO_TCP4;
    if (is_set(directory, "feature-gso-tcpv6"))
        offer.features |= NOXS_VIF_GSO_TCP6;
    // There are two keys for what is one bit to our back-end.
    if (!is_set(directory, "feature-no-csum-offload") && is_set(directory, "feature-ipv6-csum-offload"))
        offer.features |= NOXS_VIF_CHECKSUM_BLANK;
    offer.features &= features;
    return offer;
}

Result<Offer> offer_of(const VbdKeys&, const StoreNode& directory, std::uint32_t features) {
    Offer offer;
    const auto order = number_in(&directory, "ring-page-order");
    if (!order) {
        offer.rings.push_back(TRY(reference_in(directory, "ring-ref")));
    } else {
        if (*order > 3)
            return Error(ErrorKind::guest_failed, "its ring has more pages than it was offered");
        for (std::uint32_t page = 0; page < 1u << *order; ++page)
            offer.rings.push_back(TRY(reference_in(directory, "ring-ref" + std::to_string(page))));
    }
    const auto protocol = text_in(&directory, "protocol");
    if (protocol && *protocol != "x86_64-abi" && *protocol != "x86_32-abi")
        return Error(ErrorKind::guest_failed,
                     "its ring has a layout that is neither x86_64-abi nor x86_32-abi");
    offer.ring_is_32_bit = protocol == "x86_32-abi";
    // What it was offered it uses without another word, all but one.
    offer.features = features & (NOXS_VBD_FLUSH | NOXS_VBD_DISCARD | NOXS_VBD_INDIRECT);
    if (is_set(directory, "feature-persistent"))
        offer.features |= features & NOXS_VBD_PERSISTENT;
    return offer;
}

} // namespace

std::string_view type_of(const DeviceKeys& keys) {
    return std::holds_alternative<VifKeys>(keys) ? "vif" : "vbd";
}

std::uint32_t id_of(const DeviceKeys& keys) {
    return std::visit([](const auto& kind) { return kind.id; }, keys);
}

KeyValues frontend_keys(const DeviceKeys& keys) {
    if (const auto* vif = std::get_if<VifKeys>(&keys))
        return {{"handle", std::to_string(vif->id)},
                {"mac", chaos::to_text(vif->mac)},
                {"mtu", std::to_string(vif->mtu)}};
    return {{"virtual-device", std::to_string(id_of(keys))}, {"device-type", "disk"}};
}

KeyValues backend_keys(const DeviceKeys& keys, std::uint32_t features) {
    return std::visit([&](const auto& kind) { return keys_of_backend(kind, features); }, keys);
}

Result<FrontendOffer> read_offer(const DeviceKeys& keys, const StoreNode& directory, std::uint32_t features) {
    FrontendOffer read;
    read.offer = TRY(std::visit([&](const auto& kind) { return offer_of(kind, directory, features); }, keys));
    const auto port = number_in(&directory, "event-channel");
    if (!port || *port == 0)
        return Error(ErrorKind::guest_failed, "it names no event channel");
    read.port = chaos::EventChannelPort{*port};
    return read;
}

std::optional<std::string_view> text_in(const StoreNode* directory, std::string_view key) {
    if (!directory)
        return std::nullopt;
    const auto child = std::ranges::lower_bound(directory->children, key, {}, &StoreNode::Child::name);
    if (child == directory->children.end() || child->name != key)
        return std::nullopt;
    return child->node->value;
}

std::optional<std::uint32_t> number_in(const StoreNode* directory, std::string_view key) {
    const auto text = text_in(directory, key);
    std::uint32_t number = 0;
    if (!text)
        return std::nullopt;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (problem != std::errc{} || end != text->data() + text->size())
        return std::nullopt;
    return number;
}

} // namespace xendevd
