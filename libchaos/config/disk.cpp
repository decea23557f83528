// SPDX-License-Identifier: BSD-3-Clause
// One item of disk=[…]: TARGET, FORMAT, VDEV, ACCESS in this order where no key says otherwise.
#include "libchaos/config/devices.hpp"
#include "libchaos/config/item.hpp"
#include "libchaos/config/rate.hpp"
#include "libchaos/config/text.hpp"

namespace chaos {
namespace {

using config::in_quotes;
using config::invalid_item;

constexpr std::size_t longest_path = 4095;

/// What is known so far of the item being read.
struct Reading {
    std::optional<std::string_view> target;
    std::optional<std::string_view> format;
    std::optional<std::string_view> vdev;
    std::optional<std::string_view> access;
    bool prefixed = false; ///< phy: or file: stands for the format
    DiskConfig disk;
};

Result<void> set(std::optional<std::string_view>& place, std::string_view name, std::string_view value) {
    if (place)
        return invalid_item(std::string(name) + " is given twice: " + in_quotes(*place) + " and " +
                            in_quotes(value));
    place = value;
    return {};
}

Result<void> check_format(std::string_view format) {
    if (format.empty() || format == "raw")
        return {};
    for (const std::string_view known : {"qcow", "qcow2", "vhd", "qed", "empty"})
        if (format == known)
            return invalid_item(
                "format " + std::string(format) +
                " is refused: only raw images are carried out; `qemu-img convert -O raw` makes one");
    return invalid_item("there is no format " + in_quotes(format) + "; raw was expected");
}

Result<bool> is_read_only(std::string_view access) {
    if (access == "r" || access == "ro")
        return true;
    if (access == "w" || access == "rw")
        return false;
    return invalid_item("access " + in_quotes(access) + ": r, ro, w or rw was expected");
}

Error no_cdrom() {
    return invalid_item(
        "CD-ROM drives are refused: they need a device model; give the image as a disk with access r");
}

/// A word that needs no value, or KEY=VALUE. False if it is neither, so its place tells what it is.
Result<bool> read_keyed(std::string_view part, Reading& reading) {
    DiskConfig& disk = reading.disk;
    const auto equals = part.find('=');
    if (equals == part.npos) {
        if (part == "discard" || part == "no-discard")
            disk.discard = part == "discard";
        else if (part == "direct")
            disk.direct = true;
        else if (part == "cdrom")
            return no_cdrom();
        else
            return part == "direct-io-safe"; // it speaks of the driver in dom0's kernel
        return true;
    }
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (key == "format")
        TRY(set(reading.format, "format", value));
    else if (key == "vdev")
        TRY(set(reading.vdev, "vdev", value));
    else if (key == "access")
        TRY(set(reading.access, "access", value));
    else if (key == "rate")
        TRY(config::parse_rate(value, disk.rate));
    else if (key == "iops")
        TRY(config::parse_operations(value, disk.rate));
    else if (key == "devtype" && value == "cdrom")
        return no_cdrom();
    else if (key == "devtype" && value != "disk")
        return invalid_item("devtype=" + in_quotes(value) + ": disk was expected");
    else if (key == "backendtype" && value != "phy")
        return invalid_item("backendtype=" + std::string(value.substr(0, 40)) +
                            " is refused: xendevd serves all disks; leave it out");
    else if (key == "backend")
        return invalid_item("backend= is refused: xendevd in this domain serves all disks; leave it out");
    else if (key == "script")
        return invalid_item(
            "script= is refused: xendevd runs no scripts; give the file or block device itself");
    else if (key != "devtype" && key != "backendtype")
        return invalid_item("there is no key " + in_quotes(key) +
                            "; there are format, vdev, access, rate, iops, devtype and, at the end, target");
    return true;
}

/// phy:, file: and raw: say nothing that matters here; others ask for what there is not. They may follow each other.
Result<void> read_prefixes(std::string_view& text, Reading& reading) {
    const auto colon = text.find_first_of(":,=");
    if (colon == text.npos || text[colon] != ':')
        return {};
    const std::string_view prefix = text.substr(0, colon);
    for (const std::string_view known : {"phy", "file", "raw", "aio"})
        if (prefix == known) {
            reading.prefixed = true;
            text.remove_prefix(colon + 1);
            return read_prefixes(text, reading);
        }
    for (const std::string_view refused : {"qcow", "qcow2", "vhd"})
        if (prefix == refused)
            return check_format(prefix);
    for (const std::string_view refused : {"tap", "tap2", "tapdisk", "ioemu", "iscsi", "nbd", "enbd", "drbd"})
        if (prefix == refused)
            return invalid_item(
                std::string(prefix) +
                ": is refused: xendevd serves files and block devices only; connect the volume in dom0 "
                "and give its block device");
    constexpr std::string_view word = "abcdefghijklmnopqrstuvwxyz0123456789";
    const bool path_follows = text.substr(colon + 1).find_first_of(word) != 0;
    if (path_follows && prefix.find_first_not_of(word) == prefix.npos)
        return invalid_item("there is no prefix " + in_quotes(prefix) +
                            "; write the path itself, or at the end under target=");
    return {}; // a path may hold a colon
}

Result<void> read_by_place(std::string_view part, Reading& reading) {
    if (!reading.target) {
        TRY(read_prefixes(part, reading));
        return set(reading.target, "target", part);
    }
    if (!reading.format && !reading.prefixed)
        return set(reading.format, "format", part);
    if (!reading.vdev)
        return set(reading.vdev, "vdev", part);
    if (!reading.access)
        return set(reading.access, "access", part);
    return invalid_item(in_quotes(part) + " is one too many; TARGET,FORMAT,VDEV,ACCESS was expected");
}

Result<DiskConfig> finish(Reading reading) {
    DiskConfig disk = std::move(reading.disk);
    TRY(check_format(reading.format.value_or("")));
    if (!reading.target || reading.target->empty())
        return invalid_item("it has no target; the path of a raw image or a block device was expected");
    disk.path = *reading.target;
    if (!reading.vdev || reading.vdev->empty())
        return invalid_item("it has no vdev; the name that the guest knows it by was expected, such as xvda");
    std::string_view vdev = *reading.vdev;
    if (vdev.ends_with(":cdrom"))
        return no_cdrom();
    if (vdev.ends_with(":disk"))
        vdev.remove_suffix(5);
    disk.device_name = vdev;
    if (reading.access)
        disk.read_only = TRY(is_read_only(*reading.access));
    TRY(check_disk(disk));
    return disk;
}

} // namespace

Result<DiskConfig> parse_disk(std::string_view text) {
    Reading reading;
    text = config::without_spaces(text);
    TRY(read_prefixes(text, reading));
    config::Parts parts(text);
    while (true) {
        // The target may hold commas if it comes last, under its key.
        const auto rest = parts.rest();
        if (!rest)
            break;
        const std::string_view ahead = config::without_spaces(*rest);
        if (ahead.starts_with("target=")) {
            std::string_view target = ahead.substr(7);
            if (target.ends_with(','))
                target.remove_suffix(1); // as xl has it
            TRY(set(reading.target, "target", target));
            break;
        }
        const std::string_view part = *parts.next();
        if (part.empty() && !parts.rest() && reading.target)
            break; // a comma at the end
        if (!TRY(read_keyed(part, reading)))
            TRY(read_by_place(part, reading));
    }
    return finish(std::move(reading));
}

Result<void> check_disk(const DiskConfig& disk) {
    if (disk.path.empty() || disk.path.size() > longest_path || disk.path.find('\0') != std::string::npos)
        return invalid_item("its target is no path: 1 to 4095 bytes without zero bytes were expected");
    TRY(virtual_device_number(disk.device_name));
    return config::check_rate(disk.rate);
}

} // namespace chaos
