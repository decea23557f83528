// SPDX-License-Identifier: BSD-3-Clause
// Attaching, detaching and listing, whatever kind of device it is.
#include "chaos/device_verbs.hpp"

#include <algorithm>

#include "chaos/output.hpp"
#include "chaos/stop_signals.hpp"
#include "libchaos/devices/client.hpp"
#include "libchaos/domain/registered_devices.hpp"

namespace chaos::cli {

namespace {

constexpr std::chrono::milliseconds default_timeout{10'000};

Json naming(const GuestInfo& guest) {
    return {{"name", guest.name()},
            {"id", raw(guest.domain.id)},
            {"uuid", Uuid{guest.domain.handle}.to_string()}};
}

/// A device that is in the guest's record only.
devices::DeviceStatus absent(devices::DeviceType type, std::uint32_t id) {
    devices::DeviceStatus device;
    device.type = devices::name_of(type);
    device.id = id;
    device.state = "absent";
    return device;
}

/// Those that the record names but xendevd does not serve.
void add_absent(const GuestRecord& record, devices::DeviceType type,
                std::vector<devices::DeviceStatus>& found) {
    const auto is_new = [&](std::uint32_t id) {
        return std::none_of(found.begin(), found.end(), [&](const auto& device) { return device.id == id; });
    };
    if (type == devices::DeviceType::vif) {
        for (const VifRecord& vif : record.vifs)
            if (is_new(vif.id)) {
                auto& device = found.emplace_back(absent(type, vif.id));
                device.details = {{"mac", to_text(vif.config.mac.value_or(MacAddress{}))},
                                  {"bridge", vif.config.bridge}};
            }
    } else {
        for (const DiskRecord& disk : record.disks)
            if (is_new(disk.id)) {
                auto& device = found.emplace_back(absent(type, disk.id));
                device.details = {{"path", disk.config.path}, {"device_name", disk.config.device_name}};
            }
    }
}

/// What xendevd or the kernel serves of a guest, and what they should.
Result<std::vector<devices::DeviceStatus>> devices_of(Host& host, const GuestInfo& guest,
                                                      devices::DeviceType type) {
    if (guest.record && is_registered(*guest.record))
        return registered_devices(host, *guest.record, type);
    std::vector<devices::DeviceStatus> found;
    auto guests = TRY(host.needed_devices())->list(guest.domain.id);
    if (!guests && guests.error().kind() == ErrorKind::not_found)
        guests = std::vector<devices::GuestStatus>(); // it need not know it
    for (devices::GuestStatus& status : TRY(std::move(guests)))
        for (devices::DeviceStatus& device : status.devices)
            if (device.type == devices::name_of(type))
                found.push_back(std::move(device));
    if (guest.record)
        add_absent(*guest.record, type, found);
    return found;
}

} // namespace

std::string joined(const std::vector<std::string>& words, std::size_t from) {
    std::string item;
    for (std::size_t word = from; word < words.size(); ++word)
        item += (word == from ? "" : ",") + words[word];
    return item;
}

Result<void> print_changed_device(const GuestInfo& guest, Json device) {
    Json member = naming(guest);
    member["device"] = std::move(device);
    return print_json(Json{{"guests", Json::array({std::move(member)})}});
}

Result<ExitCode> detach_device(Context& context, const Arguments& arguments, devices::DeviceType type,
                               FindDevice& find_device) {
    DetachOptions options;
    options.force = arguments.has("force");
    options.timeout = TRY(arguments.seconds("timeout", default_timeout));
    const StopSignals signals = TRY(StopSignals::catch_them());
    options.stop_fd = signals.fd();
    Host& host = *TRY(context.host());
    const GuestInfo guest = TRY(chaos::find(host, arguments.positionals().front()));
    const std::uint32_t id = TRY(find_device(*guest.record, arguments.positionals().back()));
    auto detached = chaos::detach(host, guest, type, id, options);
    if (!detached && detached.error().kind() == ErrorKind::timed_out)
        return std::move(detached).error().advise(
            "The guest may still be using it; --force takes it away at once.");
    TRY(std::move(detached));
    if (context.json)
        TRY(print_changed_device(guest, Json{{"type", devices::name_of(type)}, {"id", id}}));
    return ExitCode::success;
}

Result<ExitCode> list_devices(Context& context, const std::vector<std::string>& names,
                              devices::DeviceType type) {
    Host& host = *TRY(context.host());
    const bool vifs = type == devices::DeviceType::vif;
    std::string table; // with a heading once there is a guest to tell of
    Json members = Json::array();
    std::optional<Error> first;
    for (const std::string& name : names) {
        auto guest = chaos::find(host, name);
        auto found = guest ? devices_of(host, *guest, type)
                           : Result<std::vector<devices::DeviceStatus>>(guest.error());
        Json member = guest ? naming(*guest) : Json{{"asked", name}};
        if (!found) {
            report(found.error());
            member["error"] = json_of(found.error());
            if (!first)
                first = found.error();
        } else {
            member["devices"] = Json::array();
            if (table.empty())
                table = vifs ? network_list_heading : block_list_heading;
            for (const devices::DeviceStatus& device : *found) {
                table += vifs ? network_list_row(device) : block_list_row(device);
                member["devices"].push_back(json_of(device));
            }
        }
        members.push_back(std::move(member));
    }
    if (context.json) {
        Json document = {{"guests", std::move(members)}};
        if (first)
            document["error"] = json_of(*first);
        TRY(print_json(document));
    } else {
        TRY(print(table));
    }
    return first ? exit_code_of(first->kind()) : ExitCode::success;
}

} // namespace chaos::cli
