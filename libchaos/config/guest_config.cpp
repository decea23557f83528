// SPDX-License-Identifier: BSD-3-Clause
// Gives the settings of a configuration their meaning, one function for each idea.
#include "libchaos/config/guest_config.hpp"

#include <array>

#include "libchaos/config/affinity.hpp"
#include "libchaos/config/device_settings.hpp"
#include "libchaos/config/keys.hpp"
#include "libchaos/config/settings.hpp"
#include "libchaos/config/text.hpp"
#include "libchaos/config/values.hpp"

namespace chaos {
namespace {

using config::read_memory;
using config::read_number;
using config::read_text;
using config::Settings;
using config::Value;
using Entry = Settings::Entry;

/// Xen's FIFO event channels end here (EVTCHN_FIFO_NR_CHANNELS, xen/event_channel.h).
constexpr std::uint32_t highest_event_channel = (1u << 17) - 1;
constexpr std::uint32_t most_grant_frames = 64;
constexpr std::uint32_t most_cpu_pool = 255; // a pool has a CPU at least
constexpr std::size_t longest_path = 4095;

class Decoder {
  public:
    explicit Decoder(const Settings& settings) : settings_(settings) {}

    Result<GuestConfig> decode(std::string_view origin);

  private:
    using Handler = Result<void> (Decoder::*)(const Entry&);
    struct Key {
        std::string_view name;
        Handler handler;
    };
    static const std::array<Key, 26> keys;

    Result<void> decode_entry(const Entry& entry);
    Result<void> refuse(const Entry& entry) const;

    Result<void> name(const Entry& entry);
    Result<void> type(const Entry& entry);
    Result<void> builder(const Entry& entry);
    Result<void> kernel(const Entry& entry);
    Result<void> ramdisk(const Entry& entry);
    Result<void> command_line(const Entry& entry);
    Result<void> memory(const Entry& entry);
    Result<void> vcpus(const Entry& entry);
    Result<void> uuid(const Entry& entry);
    Result<void> event_channels(const Entry& entry);
    Result<void> grant_frames(const Entry& entry);
    Result<void> action(const Entry& entry);
    Result<void> vifs(const Entry& entry);
    Result<void> disks(const Entry& entry);
    Result<void> store(const Entry& entry);
    Result<void> cpu_pool(const Entry& entry);
    /// For keys that have a meaning only beside others; finish() reads them.
    Result<void> later(const Entry&) { return {}; }

    Result<void> finish();
    Result<void> finish_devices();
    Result<void> finish_type();
    Result<void> finish_command_line();
    Result<void> finish_memory();
    Result<void> finish_vcpus();

    const Settings& settings_;
    GuestConfig config_;
};

const std::array<Decoder::Key, 26> Decoder::keys{{
    {"name", &Decoder::name},
    {"type", &Decoder::type},
    {"builder", &Decoder::builder},
    {"kernel", &Decoder::kernel},
    {"ramdisk", &Decoder::ramdisk},
    {"cmdline", &Decoder::command_line},
    {"root", &Decoder::command_line},
    {"extra", &Decoder::command_line},
    {"memory", &Decoder::memory},
    {"maxmem", &Decoder::later},
    {"vcpus", &Decoder::vcpus},
    {"maxvcpus", &Decoder::later},
    {"cpus", &Decoder::later},
    {"cpus_soft", &Decoder::later},
    {"uuid", &Decoder::uuid},
    {"max_event_channels", &Decoder::event_channels},
    {"max_grant_frames", &Decoder::grant_frames},
    {"on_poweroff", &Decoder::action},
    {"on_reboot", &Decoder::action},
    {"on_crash", &Decoder::action},
    {"on_watchdog", &Decoder::action},
    {"on_soft_reset", &Decoder::action},
    {"vif", &Decoder::vifs},
    {"disk", &Decoder::disks},
    {"store", &Decoder::store},
    {"pool", &Decoder::cpu_pool},
}};

Result<GuestConfig> Decoder::decode(std::string_view origin) {
    for (const Entry& entry : settings_.entries())
        TRY(decode_entry(entry));
    for (const auto& [key, example] :
         {std::pair{"name", "\"web\""}, {"kernel", "\"/boot/guest\""}, {"memory", "64"}})
        if (settings_.find(key) == nullptr)
            return Error(ErrorKind::invalid_config, std::string(origin) + ": " + key +
                                                        " is missing; every guest needs one, for example " +
                                                        key + " = " + example);
    TRY(finish());
    return std::move(config_);
}

Result<void> Decoder::decode_entry(const Entry& entry) {
    for (const Key& key : keys)
        if (key.name == entry.key)
            return (this->*key.handler)(entry);
    return refuse(entry);
}

Result<void> Decoder::refuse(const Entry& entry) const {
    if (const auto* refused = config::find_refused_key(entry.key)) {
        const bool empty = entry.value.kind == Value::Kind::list && entry.value.items.empty();
        if (empty && refused->empty_list_is_fine)
            return {};
        return settings_.wrong(entry, std::string("refused: ") + std::string(refused->why));
    }
    std::array<std::string_view, keys.size()> names;
    for (std::size_t i = 0; i < keys.size(); ++i)
        names[i] = keys[i].name;
    const auto nearest = config::nearest_key(entry.key, names);
    return settings_.wrong(entry, nearest.empty()
                                      ? "there is no such key"
                                      : "there is no such key; did you mean " + std::string(nearest) + "?");
}

Result<void> Decoder::name(const Entry& entry) {
    config_.name = TRY(read_text(settings_, entry));
    if (auto checked = check_guest_name(config_.name); !checked)
        return settings_.wrong(entry, checked.error().story());
    return {};
}

Result<void> Decoder::type(const Entry& entry) {
    const auto text = TRY(read_text(settings_, entry));
    if (text == "pvh")
        config_.type = GuestType::pvh;
    else if (text == "pv")
        config_.type = GuestType::pv;
    else if (text == "hvm")
        return settings_.wrong(entry,
                               "refused: HVM guests need a device model; \"pvh\" and \"pv\" do without");
    else
        return settings_.wrong(entry, "\"pvh\" or \"pv\" was expected");
    return {};
}

Result<void> Decoder::builder(const Entry& entry) {
    const auto text = TRY(read_text(settings_, entry));
    if (text == "hvm")
        return settings_.wrong(entry,
                               "refused: HVM guests need a device model; write type = \"pvh\" or \"pv\"");
    if (text != "generic")
        return settings_.wrong(entry, "\"generic\" was expected; today's way is type = \"pv\" or \"pvh\"");
    return {};
}

Result<void> Decoder::kernel(const Entry& entry) {
    config_.kernel = TRY(read_text(settings_, entry));
    if (config_.kernel.empty() || config_.kernel.size() > longest_path)
        return settings_.wrong(entry, "the path of a kernel file was expected");
    return {};
}

/// An empty path stands for none, so that an override can take back what the file says.
Result<void> Decoder::ramdisk(const Entry& entry) {
    config_.ramdisk = TRY(read_text(settings_, entry));
    if (config_.ramdisk.size() > longest_path)
        return settings_.wrong(entry, "the path of a ramdisk file was expected");
    return {};
}

Result<void> Decoder::command_line(const Entry& entry) {
    TRY(read_text(settings_, entry));
    return {};
}

Result<void> Decoder::memory(const Entry& entry) {
    config_.memory_kib = TRY(read_memory(settings_, entry));
    return {};
}

Result<void> Decoder::vcpus(const Entry& entry) {
    config_.vcpus = TRY(read_number(settings_, entry, 1, maximum_vcpus));
    return {};
}

Result<void> Decoder::uuid(const Entry& entry) {
    auto parsed = Uuid::parse(TRY(read_text(settings_, entry)));
    if (!parsed)
        return settings_.wrong(entry, parsed.error().story());
    config_.uuid = *parsed;
    return {};
}

Result<void> Decoder::event_channels(const Entry& entry) {
    config_.max_event_channels = TRY(read_number(settings_, entry, 1, highest_event_channel));
    return {};
}

Result<void> Decoder::grant_frames(const Entry& entry) {
    config_.max_grant_frames = TRY(read_number(settings_, entry, 1, most_grant_frames));
    return {};
}

Result<void> Decoder::action(const Entry& entry) {
    const auto action = end_action_of(TRY(read_text(settings_, entry)));
    if (!action)
        return settings_.wrong(entry, "there is no such action; destroy, restart, rename-restart, preserve, "
                                      "coredump-destroy or coredump-restart was expected");
    EndActions& actions = config_.end_actions;
    if (*action == EndAction::soft_reset && entry.key != "on_soft_reset")
        return settings_.wrong(entry, "only on_soft_reset can be \"soft-reset\"");
    (entry.key == "on_poweroff"   ? actions.on_poweroff
     : entry.key == "on_reboot"   ? actions.on_reboot
     : entry.key == "on_crash"    ? actions.on_crash
     : entry.key == "on_watchdog" ? actions.on_watchdog
                                  : actions.on_soft_reset) = *action;
    return {};
}

Result<void> Decoder::vifs(const Entry& entry) {
    config_.vifs = TRY(config::read_vifs(settings_, entry));
    return {};
}

Result<void> Decoder::disks(const Entry& entry) {
    config_.disks = TRY(config::read_disks(settings_, entry));
    return {};
}

Result<void> Decoder::store(const Entry& entry) {
    config_.store = TRY(config::read_store(settings_, entry));
    return {};
}

/// Names of CPU pools are xenstored's matter, but for those that xl gives by itself: Pool-0, Pool-1, ...
Result<void> Decoder::cpu_pool(const Entry& entry) {
    std::string text = TRY(read_text(settings_, entry));
    if (text.rfind("Pool-", 0) == 0)
        text.erase(0, 5);
    const auto number = config::to_number(text);
    if (!number || *number > most_cpu_pool)
        return settings_.wrong(entry, "a number, or a name such as \"Pool-1\", was expected; `xl "
                                      "cpupool-list` counts the pools from 0 on");
    config_.cpu_pool = static_cast<std::uint32_t>(*number);
    return {};
}

Result<void> Decoder::finish() {
    TRY(finish_devices());
    TRY(finish_type());
    TRY(finish_command_line());
    TRY(finish_memory());
    TRY(finish_vcpus());
    config_.cpus = TRY(config::read_affinity(settings_, "cpus", config_.vcpus));
    config_.cpus_soft = TRY(config::read_affinity(settings_, "cpus_soft", config_.vcpus));
    return {};
}

Result<void> Decoder::finish_devices() {
    const Entry* entry = settings_.find(config_.disks.empty() ? "vif" : "disk");
    if (config_.vifs.size() + config_.disks.size() > most_devices)
        return settings_.wrong(*entry, "a guest can have " + std::to_string(most_devices) +
                                           " vifs and disks together");
    return {};
}

/// builder = "generic" is how type = "pv" was written before xl knew `type`.
Result<void> Decoder::finish_type() {
    const Entry* builder_entry = settings_.find("builder");
    const Entry* type_entry = settings_.find("type");
    if (builder_entry == nullptr)
        return {};
    if (type_entry != nullptr && config_.type != GuestType::pv)
        return settings_.wrong(*builder_entry, "this means type = \"pv\" and contradicts " +
                                                   settings_.place(*type_entry) + "; remove it");
    config_.type = GuestType::pv;
    return {};
}

/// `cmdline` alone, or `root` and `extra` as xl joins them. xl ignores the latter two beside the first;
/// nothing is ignored in silence here.
Result<void> Decoder::finish_command_line() {
    const Entry* cmdline = settings_.find("cmdline");
    const Entry* root = settings_.find("root");
    const Entry* extra = settings_.find("extra");
    const Entry* last = cmdline;
    if (cmdline != nullptr && (root != nullptr || extra != nullptr))
        return settings_.wrong(root != nullptr ? *root : *extra,
                               "this has no effect beside cmdline, which is in " + settings_.place(*cmdline) +
                                   "; remove one");
    if (cmdline != nullptr)
        config_.command_line = cmdline->value.text;
    if (root != nullptr) {
        config_.command_line = "root=" + root->value.text;
        last = root;
    }
    if (extra != nullptr) {
        if (root != nullptr)
            config_.command_line += ' ';
        config_.command_line += extra->value.text;
        last = extra;
    }
    if (config_.command_line.size() > maximum_command_line)
        return settings_.wrong(*last, "the command line has " + std::to_string(config_.command_line.size()) +
                                          " bytes; it must not have more than " +
                                          std::to_string(maximum_command_line));
    return {};
}

Result<void> Decoder::finish_memory() {
    const Entry* entry = settings_.find("maxmem");
    if (entry != nullptr && TRY(read_memory(settings_, *entry)) != config_.memory_kib)
        return settings_.wrong(*entry,
                               "refused: ballooning is not carried out yet, so maxmem must be as large as "
                               "memory or be left out");
    return {};
}

/// As in xl, vcpus is 1 where only maxvcpus is given.
Result<void> Decoder::finish_vcpus() {
    const Entry* entry = settings_.find("maxvcpus");
    if (entry != nullptr && TRY(read_number(settings_, *entry, 1, maximum_vcpus)) != config_.vcpus)
        return settings_.wrong(*entry,
                               "refused: bringing up vCPUs later is not carried out yet, so maxvcpus must "
                               "equal vcpus (" +
                                   std::to_string(config_.vcpus) + ") or be left out");
    return {};
}

} // namespace

Result<GuestConfig> parse_guest_config(std::string_view text, std::string_view origin,
                                       const std::vector<std::string>& overrides) {
    Settings settings;
    TRY(settings.add(text, {std::string(origin), false}));
    for (const std::string& setting : overrides)
        TRY(settings.add(setting, {"override " + config::in_quotes(setting), true}));
    return Decoder(settings).decode(origin);
}

} // namespace chaos
