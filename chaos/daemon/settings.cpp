// SPDX-License-Identifier: BSD-3-Clause
// TOML read by toml++, table by table. Each key that is not known is refused, with the one that was probably meant.
#include "chaos/daemon/settings.hpp"

#define TOML_EXCEPTIONS 0
// What it asserts holds no more once a file is wrong; and that is told as an error.
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "chaos/daemon/flavour_table.hpp"
#include "libchaos/config/keys.hpp"
#include "libchaos/config/text.hpp"
#include "libchaos/config/values.hpp"

namespace chaos::daemon {

namespace {

std::string place(std::string_view origin, const toml::source_region& region) {
    return std::string(origin) + ":" + std::to_string(region.begin.line);
}

class Reader {
  public:
    explicit Reader(std::string_view origin) : origin_(origin) {}

    Result<Settings> read(const toml::table& file);

  private:
    Error wrong(const toml::node& node, std::string_view what) const {
        return {ErrorKind::invalid_config, place(origin_, node.source()) + ": " + std::string(what)};
    }
    Error unknown(const toml::node& node, std::string_view key, std::string_view where,
                  std::span<const std::string_view> keys) const;

    Result<const toml::table*> table(const toml::node& node, std::string_view name) const;
    Result<std::string> text(const toml::node& node, std::string_view key) const;
    Result<unsigned> number(const toml::node& node, std::string_view key, unsigned smallest,
                            unsigned largest) const;
    Result<std::uint64_t> memory(const toml::node& node, std::string_view key) const;

    Result<void> read_daemon(const toml::table& daemon);
    Result<void> write(const toml::node& node, SettingsText& text) const;
    Result<FlavourSpec> read_flavour_of(const toml::table& flavour, const std::string& name) const;
    Result<void> read_flavours(const toml::table& flavours);
    Result<void> read_pools(const toml::table& pools);
    Result<PoolSpec> read_pool(const toml::table& pool, std::string_view name) const;

    std::string_view origin_;
    Settings settings_;
};

Error Reader::unknown(const toml::node& node, std::string_view key, std::string_view where,
                      std::span<const std::string_view> keys) const {
    const auto nearest = config::nearest_key(key, keys);
    return wrong(node, "there is no key " + config::in_quotes(key) + " in " + std::string(where) +
                           (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
}

Result<const toml::table*> Reader::table(const toml::node& node, std::string_view name) const {
    if (const toml::table* found = node.as_table())
        return found;
    return wrong(node, std::string(name) + " must be a table: [" + std::string(name) + "]");
}

Result<std::string> Reader::text(const toml::node& node, std::string_view key) const {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty() || value->size() > 4095 || value->find('\0') != std::string::npos)
        return wrong(node, std::string(key) + ": a text in quotes was expected");
    return *value;
}

Result<unsigned> Reader::number(const toml::node& node, std::string_view key, unsigned smallest,
                                unsigned largest) const {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < std::int64_t{smallest} || *value > std::int64_t{largest})
        return wrong(node, std::string(key) + ": a number from " + std::to_string(smallest) + " to " +
                               std::to_string(largest) + " was expected");
    return static_cast<unsigned>(*value);
}

/// A number of MiB, or a text with a unit.
Result<std::uint64_t> Reader::memory(const toml::node& node, std::string_view key) const {
    constexpr std::uint64_t most_kib = std::uint64_t{1} << 40; // more than any host has
    std::optional<std::uint64_t> count;
    std::uint64_t unit_kib = 1024;
    if (const auto mib = node.value_exact<std::int64_t>(); mib && *mib >= 0)
        count = static_cast<std::uint64_t>(*mib);
    if (auto words = node.value_exact<std::string>(); words && !words->empty()) {
        const char unit = static_cast<char>(words->back() & ~0x20);
        if (unit == 'K' || unit == 'M' || unit == 'G') {
            unit_kib = unit == 'K' ? 1 : unit == 'M' ? 1024 : 1024 * 1024;
            words->pop_back();
        }
        count = config::to_number(*words);
    }
    if (!count || *count > most_kib / unit_kib)
        return wrong(node, std::string(key) + ": an amount of memory was expected: a number of MiB, or a "
                                              "text with a unit, such as \"512M\" or \"2G\"");
    return *count * unit_kib;
}

Result<void> Reader::read_daemon(const toml::table& daemon) {
    static constexpr std::string_view keys[] = {"socket", "mode", "group", "workers", "waiters", "queue"};
    for (const auto& [key, node] : daemon) {
        if (key == "socket") {
            settings_.socket = TRY(text(node, "socket"));
        } else if (key == "mode") {
            const auto words = TRY(text(node, "mode"));
            const auto mode = config::to_number("0" + words);
            if (words.find_first_not_of("01234567") != words.npos || !mode || *mode > 0777)
                return wrong(node, "mode: the octal digits of a file mode were expected, such as \"0660\"");
            settings_.socket_mode = static_cast<unsigned>(*mode);
        } else if (key == "group") {
            settings_.socket_group = TRY(text(node, "group"));
        } else if (key == "workers") {
            settings_.workers = TRY(number(node, "workers", 1, 64));
        } else if (key == "waiters") {
            settings_.waiters = TRY(number(node, "waiters", 1, 256));
        } else if (key == "queue") {
            settings_.most_queued = TRY(number(node, "queue", 1, 65'536));
        } else {
            return unknown(node, key.str(), "[daemon]", keys);
        }
    }
    return {};
}

Result<void> Reader::write(const toml::node& node, SettingsText& out) const {
    const std::uint32_t line = node.source().begin.line;
    if (const auto words = node.value_exact<std::string>()) {
        out.text(*words, line);
    } else if (const auto count = node.value_exact<std::int64_t>()) {
        out.number(*count, line);
    } else if (const auto yes = node.value_exact<bool>()) {
        out.number(*yes ? 1 : 0, line);
    } else if (const toml::array* list = node.as_array()) {
        out.open_list(line);
        for (const toml::node& item : *list)
            TRY(write(item, out));
        out.close_list();
    } else {
        return wrong(node, "a text, a number or a list was expected");
    }
    return {};
}

Result<FlavourSpec> Reader::read_flavour_of(const toml::table& flavour, const std::string& name) const {
    std::vector<std::pair<std::string_view, const toml::node*>> keys;
    std::uint32_t disks = 0;
    for (const auto& [key, node] : flavour) {
        if (key == "disks")
            disks = TRY(number(node, "disks", 0, most_devices));
        else if (auto checked = check_flavour_key(key.str()); !checked)
            return wrong(node, checked.error().story());
        else
            keys.emplace_back(key.str(), &node);
    }
    std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
        const auto place_of = [](const auto& entry) {
            const auto& begin = entry.second->source().begin;
            return std::pair(begin.line, begin.column);
        };
        return place_of(a) < place_of(b);
    });
    SettingsText text;
    for (const auto& [key, node] : keys) {
        if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") !=
            key.npos)
            return wrong(*node, "there is no key " + config::in_quotes(key) + " in a flavour");
        text.key(key, node->source().begin.line);
        TRY(write(*node, text));
    }
    auto read = read_flavour(text, name, flavour.contains("kernel"), disks, origin_);
    // What is wrong with the flavour as a whole has no line of its own.
    if (!read && read.error().story().rfind(origin_, 0) != 0)
        return wrong(flavour, read.error().story());
    return read;
}

Result<void> Reader::read_flavours(const toml::table& flavours) {
    if (flavours.size() > most_flavours)
        return wrong(flavours, "there can be " + std::to_string(most_flavours) + " flavours at most");
    for (const auto& [key, node] : flavours) {
        const std::string name(key.str());
        if (auto checked = check_guest_name(name); !checked)
            return wrong(node, "flavour " + config::in_quotes(name) + ": " + checked.error().story());
        const toml::table& keys = *TRY(table(node, "flavours." + name));
        settings_.flavours.push_back(TRY(read_flavour_of(keys, name)));
    }
    return {};
}

Result<PoolSpec> Reader::read_pool(const toml::table& pool, std::string_view name) const {
    static constexpr std::string_view keys[] = {"min", "max", "per_second"};
    constexpr unsigned most_shells = 32'751; // Xen has no more domain ids
    PoolSpec spec;
    const toml::node* maximum = nullptr;
    for (const auto& [key, node] : pool) {
        if (key == "min") {
            spec.min = TRY(number(node, "min", 0, most_shells));
        } else if (key == "max") {
            spec.max = TRY(number(node, "max", 0, most_shells));
            maximum = &node;
        } else if (key == "per_second") {
            const auto rate = node.value<double>();
            if (!rate || !std::isfinite(*rate) || *rate < 0)
                return wrong(node, "per_second: a number from 0 on was expected");
            spec.per_second = *rate;
        } else {
            return unknown(node, key.str(), "[pools." + std::string(name) + "]", keys);
        }
    }
    if (!maximum)
        return wrong(pool, "[pools." + std::string(name) + "]: max is missing: how many shells to keep");
    if (spec.min > spec.max)
        return wrong(*maximum, "max must not be less than min, which is " + std::to_string(spec.min));
    return spec;
}

Result<void> Reader::read_pools(const toml::table& pools) {
    static constexpr std::string_view keys[] = {"memory", "reserve"};
    for (const auto& [key, node] : pools) {
        const std::string name(key.str());
        if (const toml::table* pool = node.as_table()) {
            const bool known = std::any_of(settings_.flavours.begin(), settings_.flavours.end(),
                                           [&](const FlavourSpec& flavour) { return flavour.name == name; });
            if (!known)
                return wrong(node, "[pools." + name + "]: there is no [flavours." + name + "]");
            settings_.pools.emplace(name, TRY(read_pool(*pool, name)));
        } else if (name == "memory") {
            settings_.shells_kib = TRY(memory(node, "memory"));
        } else if (name == "reserve") {
            settings_.reserve_kib = TRY(memory(node, "reserve"));
        } else {
            return unknown(node, name, "[pools]", keys);
        }
    }
    return {};
}

Result<Settings> Reader::read(const toml::table& file) {
    static constexpr std::string_view tables[] = {"daemon", "flavours", "pools"};
    for (const auto& [key, node] : file) {
        if (std::find(std::begin(tables), std::end(tables), key.str()) == std::end(tables))
            return unknown(node, key.str(), "this file", tables);
        TRY(table(node, key.str()));
    }
    if (const auto* node = file.get("daemon"))
        TRY(read_daemon(*node->as_table()));
    if (const auto* node = file.get("flavours")) // before the pools, which name them
        TRY(read_flavours(*node->as_table()));
    if (const auto* node = file.get("pools"))
        TRY(read_pools(*node->as_table()));
    return std::move(settings_);
}

/// toml++ 3.3 cannot be trusted with other characters: some of them end the program.
Result<void> check_characters(std::string_view text, std::string_view origin) {
    std::size_t line = 1;
    for (const char character : text) {
        if (character == '\n')
            ++line;
        else if (character != '\t' && character != '\r' && (character < ' ' || character > '~'))
            return Error(ErrorKind::invalid_config, std::string(origin) + ":" + std::to_string(line) +
                                                        ": there is a character beyond plain ASCII");
    }
    return {};
}

} // namespace

Result<Settings> parse_daemon_settings(std::string_view text, std::string_view origin) {
    if (text.size() > config::maximum_text)
        return Error(ErrorKind::invalid_config, std::string(origin) + ": the file is larger than 1 MiB");
    TRY(check_characters(text, origin));
    const toml::parse_result parsed = toml::parse(text, origin);
    if (!parsed)
        return Error(ErrorKind::invalid_config, place(origin, parsed.error().source()) + ": " +
                                                    std::string(parsed.error().description()));
    return Reader(origin).read(parsed.table());
}

Result<Settings> load_daemon_settings(const std::string& path, bool must_exist) {
    std::ifstream file(path);
    if (!file && errno == ENOENT && !must_exist)
        return Settings{};
    std::ostringstream text;
    if (file)
        text << file.rdbuf();
    if (!file)
        return Error::from_errno("open", errno).as(ErrorKind::invalid_config).while_doing("reading " + path);
    return parse_daemon_settings(text.view(), path);
}

} // namespace chaos::daemon
