// SPDX-License-Identifier: BSD-3-Clause
// {"name":"web","type":"pvh","kernel":"/boot/web","memory_kib":65536,"cpus":[[0,"2-5"]],"vifs":[{…}],…}
#include "libchaos/json/config_json.hpp"

#include <charconv>

#include "libchaos/json/device_json.hpp"

namespace chaos::json {
namespace {

constexpr std::size_t longest_path = 4095;
/// Xen's FIFO event channels end here (EVTCHN_FIFO_NR_CHANNELS, xen/event_channel.h).
constexpr std::uint32_t highest_event_channel = (1u << 17) - 1;

constexpr std::pair<const char*, EndAction EndActions::*> end_members[] = {
    {"on_poweroff", &EndActions::on_poweroff},     {"on_reboot", &EndActions::on_reboot},
    {"on_crash", &EndActions::on_crash},           {"on_watchdog", &EndActions::on_watchdog},
    {"on_soft_reset", &EndActions::on_soft_reset},
};

/// A set of CPUs as numbers and ranges: [0,"2-5"].
void write_cpus(Writer& writer, const CpuSet& cpus) {
    writer.open('[');
    for (std::size_t first = 0; first < cpus.size(); ++first) {
        if (!cpus[first])
            continue;
        std::size_t last = first;
        while (last + 1 < cpus.size() && cpus[last + 1])
            ++last;
        if (last == first)
            writer.number(first);
        else
            writer.bytes(std::to_string(first) + '-' + std::to_string(last));
        first = last;
    }
    writer.close(']');
}

void write_affinity(Writer& writer, std::string_view name, const std::vector<CpuSet>& sets) {
    writer.key(name);
    writer.open('[');
    for (const CpuSet& cpus : sets)
        write_cpus(writer, cpus);
    writer.close(']');
}

template<typename Device>
void write_devices(Writer& writer, std::string_view name, const std::vector<Device>& devices) {
    if (devices.empty())
        return;
    writer.key(name);
    writer.open('[');
    for (const Device& device : devices) {
        writer.open('{');
        write_members(writer, device);
        writer.close('}');
    }
    writer.close(']');
}

/// "2-5" as its two ends.
Result<std::pair<std::size_t, std::size_t>> parse_range(std::string_view text) {
    std::size_t first = 0;
    std::size_t last = 0;
    const char* end = text.data() + text.size();
    const auto dash = std::from_chars(text.data(), end, first);
    if (dash.ec == std::errc{} && dash.ptr != end && *dash.ptr == '-') {
        const auto stop = std::from_chars(dash.ptr + 1, end, last);
        if (stop.ec == std::errc{} && stop.ptr == end && first <= last && last < CpuSet{}.size())
            return std::pair{first, last};
    }
    return wrong("a CPU range is not FIRST-LAST below " + std::to_string(CpuSet{}.size()));
}

Result<CpuSet> read_cpus(const Value& list) {
    if (!list.is_array())
        return wrong("a set of CPUs is not a list");
    CpuSet cpus;
    for (const Value& item : list) {
        if (item.is_string()) {
            const auto [first, last] = TRY(parse_range(item.text()));
            for (std::size_t cpu = first; cpu <= last; ++cpu)
                cpus.set(cpu);
        } else if (item.is_whole() && item.whole() < cpus.size()) {
            cpus.set(item.whole());
        } else {
            return wrong("a CPU is not a number below " + std::to_string(cpus.size()));
        }
    }
    return cpus;
}

Result<std::vector<CpuSet>> read_affinity(const Fields& fields, std::string_view key, std::uint32_t vcpus) {
    std::vector<CpuSet> sets;
    const Value* value = fields.find(key);
    if (!value)
        return sets;
    if (!value->is_array())
        return wrong(std::string(key) + " is not a list");
    if (value->size() > 1 && value->size() != vcpus)
        return wrong(std::string(key) + " has entries for " + std::to_string(value->size()) + " of " +
                     std::to_string(vcpus) + " vCPUs");
    for (const Value& list : *value) {
        auto cpus = read_cpus(list);
        if (!cpus)
            return std::move(cpus).error().while_doing(key);
        sets.push_back(*cpus);
    }
    return sets;
}

/// A path or command line: what a program in C is given, so without zero bytes.
Result<std::string> read_bytes(const Fields& fields, std::string_view key, std::size_t most) {
    std::string bytes = TRY(fields.bytes_or_empty(key));
    if (bytes.size() > most)
        return wrong(std::string(key) + " has more than " + std::to_string(most) + " bytes");
    if (bytes.find('\0') != bytes.npos)
        return wrong(std::string(key) + " holds a zero byte");
    return bytes;
}

Result<std::uint32_t> read_number(const Fields& fields, std::string_view key, std::uint32_t otherwise,
                                  std::uint32_t most) {
    return static_cast<std::uint32_t>(TRY(fields.number_or(key, otherwise, 1, most)));
}

Result<GuestType> read_type(const Fields& fields) {
    const std::string_view type = TRY(fields.text_or("type", "pvh"));
    if (type != "pvh" && type != "pv")
        return wrong("type is neither pvh nor pv");
    return type == "pvh" ? GuestType::pvh : GuestType::pv;
}

const char* word_of(StoreMode store) {
    return store == StoreMode::none ? "none" : store == StoreMode::xenstore ? "xenstore" : "private";
}

Result<StoreMode> read_store(const Fields& fields) {
    const auto store = fields.text_or_empty("store");
    if (!store) // not by TRY: g++ 12 warns, wrongly, of what would come out of it
        return Unexpected{store.error()};
    if (*store == "private")
        return StoreMode::private_store;
    if (*store == "xenstore")
        return StoreMode::xenstore;
    if (*store == "none")
        return StoreMode::none;
    if (store->empty() || *store == "auto")
        return StoreMode::automatic;
    return wrong("store is none of auto, private, xenstore and none");
}

/// Reads each element of the list with `read`; `same` tells whether two devices cannot be in one guest.
template<typename Device, typename Same>
Result<std::vector<Device>> read_devices(const Fields& fields, std::string_view key,
                                         Result<Device> (*read)(const Fields&), Same same, const char* what) {
    std::vector<Device> devices;
    const Value* list = TRY(fields.list(key, most_devices));
    if (!list)
        return devices;
    devices.reserve(list->size());
    for (const Value& value : *list) {
        const std::string place = std::string(key) + "[" + std::to_string(devices.size()) + "]";
        const Fields members = TRY(Fields::of(value, place));
        Device device = TRY(read(members).while_doing(place));
        for (const Device& other : devices)
            if (same(other, device))
                return wrong(place + ": another of this guest has this " + what);
        devices.push_back(std::move(device));
    }
    return devices;
}

bool same_address(const VifConfig& a, const VifConfig& b) {
    return a.mac && a.mac == b.mac;
}

bool same_number(const DiskConfig& a, const DiskConfig& b) {
    return *virtual_device_number(a.device_name) == *virtual_device_number(b.device_name);
}

Result<void> read_all_devices(const Fields& fields, GuestConfig& config) {
    config.vifs = TRY(read_devices(fields, "vifs", &read_vif, same_address, "MAC address"));
    config.disks = TRY(read_devices(fields, "disks", &read_disk, same_number, "device_name"));
    if (config.vifs.size() + config.disks.size() > most_devices)
        return wrong("a guest can have " + std::to_string(most_devices) + " vifs and disks together");
    return {};
}

} // namespace

void write_members(Writer& writer, const GuestConfig& config) {
    if (!config.name.empty())
        writer.member("name", config.name);
    writer.member("type", config.type == GuestType::pvh ? "pvh" : "pv");
    if (!config.kernel.empty())
        writer.member("kernel", config.kernel);
    writer.member("ramdisk", config.ramdisk);
    writer.member("command_line", config.command_line);
    writer.member("memory_kib", config.memory_kib);
    writer.member("vcpus", config.vcpus);
    write_affinity(writer, "cpus", config.cpus);
    write_affinity(writer, "cpus_soft", config.cpus_soft);
    if (config.uuid)
        writer.member("uuid", config.uuid->to_string());
    writer.member("max_event_channels", config.max_event_channels);
    writer.member("max_grant_frames", config.max_grant_frames);
    if (config.store != StoreMode::automatic)
        writer.member("store", word_of(config.store));
    if (config.cpu_pool != 0)
        writer.member("cpu_pool", config.cpu_pool);
    for (const auto& [name, action] : end_members)
        if (config.end_actions.*action != EndActions{}.*action)
            writer.member(name, std::string(word_of(config.end_actions.*action)));
    write_devices(writer, "vifs", config.vifs);
    write_devices(writer, "disks", config.disks);
}

std::string to_json(const GuestConfig& config) {
    Writer writer(512 + 128 * (config.vifs.size() + config.disks.size()));
    writer.open('{');
    write_members(writer, config);
    writer.close('}');
    return std::move(writer).finish();
}

Result<GuestConfig> read_config(const Fields& fields) {
    GuestConfig config;
    config.name = TRY(fields.guest_name_or_empty());
    config.type = TRY(read_type(fields));
    config.kernel = TRY(read_bytes(fields, "kernel", longest_path));
    config.ramdisk = TRY(read_bytes(fields, "ramdisk", longest_path));
    config.command_line = TRY(read_bytes(fields, "command_line", maximum_command_line));
    config.memory_kib = TRY(fields.number("memory_kib", minimum_memory_kib, maximum_memory_kib));
    if (config.memory_kib % 4 != 0)
        return wrong("memory_kib is not a multiple of 4: memory comes in whole pages");
    config.vcpus = TRY(read_number(fields, "vcpus", 1, maximum_vcpus));
    config.cpus = TRY(read_affinity(fields, "cpus", config.vcpus));
    config.cpus_soft = TRY(read_affinity(fields, "cpus_soft", config.vcpus));
    if (fields.find("uuid"))
        config.uuid = TRY(fields.uuid("uuid"));
    config.max_event_channels =
        TRY(read_number(fields, "max_event_channels", config.max_event_channels, highest_event_channel));
    config.max_grant_frames = TRY(read_number(fields, "max_grant_frames", config.max_grant_frames, 64));
    config.store = TRY(read_store(fields));
    config.cpu_pool = static_cast<std::uint32_t>(TRY(fields.number_or("cpu_pool", 0, 0, 255)));
    for (const auto& [name, member] : end_members) {
        const std::string_view word = TRY(fields.text_or_empty(name));
        const auto action = word.empty() ? EndActions{}.*member : end_action_of(word);
        if (!action || (*action == EndAction::soft_reset && member != &EndActions::on_soft_reset))
            return wrong(std::string(name) + " is no action, such as destroy, restart or preserve");
        config.end_actions.*member = *action;
    }
    TRY(read_all_devices(fields, config));
    return config;
}

} // namespace chaos::json
