// SPDX-License-Identifier: BSD-3-Clause
// One syntax turned into another, line by line.
#include "chaos/daemon/flavour_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace chaos::daemon {

void SettingsText::go_to(std::uint32_t line) {
    if (line > line_) {
        text_.append(line - line_, '\n');
        line_ = line;
    }
}

void SettingsText::key(std::string_view name, std::uint32_t line) {
    if (!text_.empty())
        text_ += ';'; // two keys may share a line
    go_to(line);
    text_ += name;
    text_ += '=';
}

void SettingsText::item(std::string_view words, std::uint32_t line) {
    go_to(line);
    text_ += words;
    if (depth_ > 0)
        text_ += ',';
}

void SettingsText::text(std::string_view value, std::uint32_t line) {
    std::string quoted = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            quoted += '\\';
        if (byte >= 0x20 && byte != 0x7f) {
            quoted += c;
        } else {
            char escape[5];
            std::snprintf(escape, sizeof escape, "\\x%02x", byte);
            quoted += escape;
        }
    }
    item(quoted + '"', line);
}

void SettingsText::number(std::int64_t value, std::uint32_t line) {
    if (value < 0)
        text(std::to_string(value), line); // which is refused by its reader, in its words
    else
        item(std::to_string(value), line);
}

void SettingsText::open_list(std::uint32_t line) {
    go_to(line);
    text_ += '[';
    ++depth_;
}

void SettingsText::close_list() {
    text_ += ']';
    if (--depth_ > 0)
        text_ += ',';
}

Result<void> check_flavour_key(std::string_view key) {
    constexpr std::array of_one_guest{"name", "uuid", "cmdline", "root", "extra", "disk"};
    if (std::find(of_one_guest.begin(), of_one_guest.end(), key) == of_one_guest.end())
        return {};
    return Error(ErrorKind::invalid_config,
                 std::string(key) + " is each guest's own and cannot be a flavour's" +
                     (key == "disk" ? "; disks = N says how many disks its guests have" : ""));
}

Result<void> check_flavour(const FlavourSpec& flavour) {
    TRY(check_guest_name(flavour.name));
    const GuestConfig& shape = flavour.shape;
    const auto refuse = [&](const char* what) {
        return Error(ErrorKind::invalid_config,
                     "flavour " + flavour.name + " cannot fix " + what + ": each guest has its own");
    };
    if (!shape.name.empty() && shape.name != flavour.name)
        return refuse("a guest's name");
    if (shape.uuid)
        return refuse("a UUID");
    if (!shape.command_line.empty())
        return refuse("a command line");
    if (!shape.disks.empty())
        return refuse("disks; disks = N says how many there will be");
    for (const VifConfig& vif : shape.vifs)
        if (vif.mac || vif.ipv4 || !vif.device_name.empty())
            return refuse("addresses and device names of vifs");
    if (shape.memory_kib < minimum_memory_kib || shape.memory_kib > maximum_memory_kib ||
        shape.memory_kib % 4 != 0)
        return Error(ErrorKind::invalid_config, "flavour " + flavour.name + " needs memory: from " +
                                                    std::to_string(minimum_memory_kib) +
                                                    " KiB on, in pages of 4 KiB");
    if (shape.vcpus == 0 || shape.vcpus > maximum_vcpus)
        return Error(ErrorKind::invalid_config,
                     "flavour " + flavour.name + " needs 1 to " + std::to_string(maximum_vcpus) + " vCPUs");
    if (shape.vifs.size() + flavour.disks > most_devices)
        return Error(ErrorKind::invalid_config, "flavour " + flavour.name + " has more than " +
                                                    std::to_string(most_devices) + " devices");
    return {};
}

Result<FlavourSpec> read_flavour(const SettingsText& text, const std::string& name, bool has_kernel,
                                 std::uint32_t disks, std::string_view origin) {
    // What every guest must have and a flavour need not.
    std::vector<std::string> added{"name=\"" + name + "\""};
    if (!has_kernel)
        added.emplace_back("kernel=\"none\"");
    FlavourSpec flavour;
    flavour.name = name;
    flavour.shape = TRY(parse_guest_config(text.finish(), origin, added));
    flavour.shape.name.clear();
    if (!has_kernel)
        flavour.shape.kernel.clear();
    flavour.disks = disks;
    TRY(check_flavour(flavour));
    return flavour;
}

} // namespace chaos::daemon
