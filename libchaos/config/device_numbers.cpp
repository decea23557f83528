// SPDX-License-Identifier: BSD-3-Clause
// The numbers in descriptions of devices: addresses, and what a disk's name stands for.
#include <sys/random.h>

#include <charconv>
#include <cstdio>

#include "libchaos/config/devices.hpp"
#include "libchaos/config/text.hpp"

namespace chaos {
namespace {

using config::in_quotes;

Error invalid(std::string what) {
    return Error(ErrorKind::invalid_config, std::move(what));
}

/// A number of up to three decimal digits, taken from the start of `text`; nothing if it starts with none.
std::optional<unsigned> take_number(std::string_view& text) {
    unsigned number = 0;
    const std::size_t longest = std::min<std::size_t>(text.size(), 3);
    const auto [end, problem] = std::from_chars(text.data(), text.data() + longest, number);
    if (problem != std::errc())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// Where the disks of one family of names are numbered (xen-vbd-interface(7)).
struct Family {
    std::string_view prefix;
    unsigned most_disks;
    unsigned most_partitions;
};
constexpr Family families[] = {{"xvd", 1 << 20, 255}, {"hd", 4, 63}, {"sd", 16, 15}};

std::uint32_t number_of(const Family& family, unsigned disk, unsigned partition) {
    if (family.prefix == "hd")
        return (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | partition;
    if (family.prefix == "sd")
        return 8u << 8 | disk << 4 | partition;
    if (disk < 16 && partition < 16)
        return 202u << 8 | disk << 4 | partition;
    return 1u << 28 | disk << 8 | partition;
}

} // namespace

Result<std::uint32_t> virtual_device_number(std::string_view device_name) {
    const auto refuse = [&](std::string_view why) {
        return invalid("a disk cannot be named " + in_quotes(device_name) + ": " + std::string(why));
    };
    for (const Family& family : families) {
        std::string_view rest = device_name;
        if (!rest.starts_with(family.prefix))
            continue;
        rest.remove_prefix(family.prefix.size());
        // Letters count disks: a to z, then aa, ab and so on.
        unsigned disk = 0;
        std::size_t letters = 0;
        for (; !rest.empty() && rest.front() >= 'a' && rest.front() <= 'z' && letters < 5; ++letters) {
            disk = disk * 26 + static_cast<unsigned>(rest.front() - 'a') + 1;
            rest.remove_prefix(1);
        }
        if (letters == 0)
            return refuse("a letter that counts the disks was expected, as in xvda");
        if (--disk >= family.most_disks)
            return refuse("there are no more than " + std::to_string(family.most_disks) +
                          " disks of that kind; use xvd…");
        unsigned partition = 0;
        if (!rest.empty()) {
            const auto number = rest.front() == '0' ? std::nullopt : take_number(rest);
            if (!number || !rest.empty())
                return refuse("behind the letters only the number of a partition may stand");
            partition = *number;
        }
        if (partition > family.most_partitions)
            return refuse("its partition is not one from 1 to " + std::to_string(family.most_partitions));
        return number_of(family, disk, partition);
    }
    return refuse("xvda, sda or hda and so on were expected");
}

std::string to_text(const MacAddress& mac) {
    char text[18];
    std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                  mac[5]);
    return text;
}

Result<MacAddress> parse_mac(std::string_view text) {
    const Error error =
        invalid(in_quotes(text) + " is no MAC address; six pairs of hexadecimal digits were expected, as in "
                                  "00:16:3e:01:02:03");
    MacAddress mac;
    if (text.size() != 17)
        return error;
    for (std::size_t index = 0; index < mac.size(); ++index) {
        const char* digits = text.data() + index * 3;
        const auto [end, problem] = std::from_chars(digits, digits + 2, mac[index], 16);
        if (problem != std::errc() || end != digits + 2 || (index < 5 && *end != ':'))
            return error;
    }
    if (mac[0] & 1)
        return invalid(in_quotes(text) +
                       " is the address of a group; that of one device was expected: its first "
                       "byte is even");
    if (mac == MacAddress{})
        return invalid(in_quotes(text) + " is the address of nobody");
    return mac;
}

MacAddress random_mac() {
    MacAddress mac{0x00, 0x16, 0x3e};
    // Three bytes: the call gives all of them and does not fail, once the kernel has come up.
    (void)!::getrandom(mac.data() + 3, 3, 0);
    mac[3] &= 0x7f; // xl draws from this half too; the other is left to those who number by hand
    return mac;
}

std::string to_text(const Ipv4Address& address) {
    char text[16];
    std::snprintf(text, sizeof text, "%u.%u.%u.%u", address[0], address[1], address[2], address[3]);
    return text;
}

Result<Ipv4Address> parse_ipv4(std::string_view text) {
    Ipv4Address address;
    std::string_view rest = text;
    for (std::size_t index = 0; index < address.size(); ++index) {
        if (index > 0) {
            if (!rest.starts_with('.'))
                break;
            rest.remove_prefix(1);
        }
        const bool octal = rest.size() > 1 && rest[0] == '0' && rest[1] >= '0' && rest[1] <= '9';
        const auto number = octal ? std::nullopt : take_number(rest);
        if (!number || *number > 255)
            break;
        address[index] = static_cast<std::uint8_t>(*number);
        if (index == address.size() - 1 && rest.empty())
            return address;
    }
    return invalid(in_quotes(text) + " is no IPv4 address; four numbers were expected, as in 10.0.0.2");
}

} // namespace chaos
