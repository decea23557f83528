// SPDX-License-Identifier: BSD-3-Clause
// Records and intents read back from JSON. A file may have been damaged or written by someone else: every
// field is checked for its type and its limits, and whatever is wrong is named.
#include <charconv>
#include <cstddef>
#include <limits>

#include <nlohmann/json.hpp>

#include "libchaos/state/contents.hpp"

namespace chaos {
namespace {

using nlohmann::json;

Error damaged(std::string what) {
    return Error(ErrorKind::system, "the record is damaged: " + std::move(what));
}

template<typename T = std::uint32_t>
constexpr std::uint64_t any = std::numeric_limits<T>::max();

/// The members of one JSON object, read with their types checked.
class Fields {
  public:
    static Result<Fields> of(const json& value, std::string_view name) {
        if (!value.is_object())
            return damaged(std::string(name) + " is not an object");
        return Fields(value);
    }

    [[nodiscard]] const json* find(const char* key) const {
        const auto found = object_->find(key);
        return found == object_->end() ? nullptr : &*found;
    }
    Result<std::uint64_t> number(const char* key, std::uint64_t minimum, std::uint64_t maximum) const {
        const json* value = find(key);
        if (!value)
            return damaged(std::string(key) + " is missing");
        if (!value->is_number_unsigned() || value->get<std::uint64_t>() < minimum ||
            value->get<std::uint64_t>() > maximum)
            return damaged(std::string(key) + " is not a number from " + std::to_string(minimum) + " to " +
                           std::to_string(maximum));
        return value->get<std::uint64_t>();
    }
    Result<std::string> text(const char* key) const {
        const json* value = find(key);
        if (!value)
            return damaged(std::string(key) + " is missing");
        if (!value->is_string())
            return damaged(std::string(key) + " is not a string");
        return value->get<std::string>();
    }
    /// What Writer::bytes() wrote: a string, or {"hex":"…"}.
    Result<std::string> bytes(const char* key) const {
        const json* value = find(key);
        if (!value || !value->is_object())
            return text(key);
        const Fields wrapped(*value);
        const std::string hex = TRY(wrapped.text("hex"));
        std::string decoded;
        for (std::size_t at = 0; at < hex.size(); at += 2) {
            unsigned byte = 0;
            const char* end = hex.data() + std::min(at + 2, hex.size());
            const auto [stop, problem] = std::from_chars(hex.data() + at, end, byte, 16);
            if (problem != std::errc{} || stop != end || hex.size() % 2 != 0)
                return damaged(std::string(key) + " is not made of pairs of hexadecimal digits");
            decoded += static_cast<char>(byte);
        }
        return decoded;
    }
    Result<Uuid> uuid(const char* key) const {
        Result<Uuid> parsed = Uuid::parse(TRY(text(key)));
        if (!parsed)
            return damaged(std::string(key) + ": " + parsed.error().story());
        return parsed;
    }
    /// A name becomes part of a path, so nothing but a valid one may come out of a file.
    Result<std::string> name() const {
        std::string found = TRY(text("name"));
        if (auto checked = check_guest_name(found); !checked)
            return damaged("name: " + checked.error().story());
        return found;
    }

  private:
    explicit Fields(const json& object) : object_(&object) {}
    const json* object_;
};

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
    return damaged("a CPU range is not FIRST-LAST below " + std::to_string(CpuSet{}.size()));
}

Result<CpuSet> read_cpus(const json& list) {
    if (!list.is_array())
        return damaged("a set of CPUs is not a list");
    CpuSet cpus;
    for (const json& item : list) {
        if (item.is_string()) {
            const auto [first, last] = TRY(parse_range(item.get_ref<const std::string&>()));
            for (std::size_t cpu = first; cpu <= last; ++cpu)
                cpus.set(cpu);
        } else if (item.is_number_unsigned() && item.get<std::uint64_t>() < cpus.size()) {
            cpus.set(item.get<std::uint64_t>());
        } else {
            return damaged("a CPU is not a number below " + std::to_string(cpus.size()));
        }
    }
    return cpus;
}

Result<std::vector<CpuSet>> read_affinity(const Fields& fields, const char* key, std::uint32_t vcpus) {
    const json* value = fields.find(key);
    if (!value || !value->is_array())
        return damaged(std::string(key) + " is not a list");
    if (value->size() > 1 && value->size() != vcpus)
        return damaged(std::string(key) + " has entries for " + std::to_string(value->size()) + " of " +
                       std::to_string(vcpus) + " vCPUs");
    std::vector<CpuSet> sets;
    for (const json& list : *value)
        sets.push_back(TRY(read_cpus(list)));
    return sets;
}

Result<std::optional<DeviceLocation>> read_device(const Fields& record, const char* key) {
    const json* value = record.find(key);
    if (!value)
        return std::optional<DeviceLocation>{};
    const Fields fields = TRY(Fields::of(*value, key));
    DeviceLocation device;
    device.frame.number = TRY(fields.number("frame", 0, (std::uint64_t{1} << 52) - 1));
    device.port = static_cast<EventChannelPort>(TRY(fields.number("port", 0, any<>)));
    device.grant = static_cast<GrantReference>(TRY(fields.number("grant", 0, any<>)));
    return std::optional{device};
}

Result<GuestConfig> read_config(const Fields& record) {
    const json* value = record.find("config");
    if (!value)
        return damaged("config is missing");
    const Fields fields = TRY(Fields::of(*value, "config"));
    GuestConfig config;
    config.name = TRY(fields.name());
    const std::string type = TRY(fields.text("type"));
    if (type != "pvh" && type != "pv")
        return damaged("type is neither pvh nor pv");
    config.type = type == "pvh" ? GuestType::pvh : GuestType::pv;
    config.kernel = TRY(fields.bytes("kernel"));
    config.ramdisk = TRY(fields.bytes("ramdisk"));
    config.command_line = TRY(fields.bytes("command_line"));
    if (config.command_line.size() > maximum_command_line)
        return damaged("command_line has more than " + std::to_string(maximum_command_line) + " bytes");
    config.memory_kib = TRY(fields.number("memory_kib", minimum_memory_kib, maximum_memory_kib));
    config.vcpus = static_cast<std::uint32_t>(TRY(fields.number("vcpus", 1, maximum_vcpus)));
    config.cpus = TRY(read_affinity(fields, "cpus", config.vcpus));
    config.cpus_soft = TRY(read_affinity(fields, "cpus_soft", config.vcpus));
    if (fields.find("uuid"))
        config.uuid = TRY(fields.uuid("uuid"));
    config.max_event_channels =
        static_cast<std::uint32_t>(TRY(fields.number("max_event_channels", 0, any<>)));
    config.max_grant_frames = static_cast<std::uint32_t>(TRY(fields.number("max_grant_frames", 1, 64)));
    return config;
}

/// One member at a time: what is made before TRY() leaves a braced list is never destroyed.
Result<Intent> read_intent(const Fields& fields) {
    Intent intent;
    intent.name = TRY(fields.name());
    intent.uuid = TRY(fields.uuid("uuid"));
    return intent;
}

Result<GuestRecord> read_record(const Fields& fields) {
    GuestRecord record;
    record.id = static_cast<DomainId>(TRY(fields.number("id", 1, 32751)));
    record.uuid = TRY(fields.uuid("uuid"));
    record.created_unix_ms = TRY(fields.number("created_unix_ms", 0, any<std::uint64_t>));
    record.config = TRY(read_config(fields));
    record.system = TRY(read_device(fields, "system"));
    record.console = TRY(read_device(fields, "console"));
    return record;
}

} // namespace

Result<Contents> contents_from_json(std::string_view text) {
    const json document = json::parse(text.begin(), text.end(), nullptr, false);
    if (document.is_discarded())
        return damaged("it is not JSON");
    const Fields fields = TRY(Fields::of(document, "it"));
    const std::uint64_t version = TRY(fields.number("version", 1, any<>));
    if (version != 1)
        return Error(ErrorKind::system, "the record has version " + std::to_string(version) +
                                            " and this chaos knows version 1 only");
    const std::string state = TRY(fields.text("state"));
    if (state == "creating")
        return Contents(TRY(read_intent(fields)));
    if (state == "created")
        return Contents(TRY(read_record(fields)));
    return damaged("state is neither creating nor created");
}

Result<GuestRecord> record_from_json(std::string_view text) {
    Contents contents = TRY(contents_from_json(text));
    if (auto* record = std::get_if<GuestRecord>(&contents))
        return std::move(*record);
    return damaged("it is that of a guest still being made");
}

} // namespace chaos
