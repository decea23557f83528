// SPDX-License-Identifier: BSD-3-Clause
// Each reader says what it found and what would have been right.
#include "libchaos/config/values.hpp"

#include <charconv>

#include "libchaos/config/guest_config.hpp"

namespace chaos::config {
namespace {

constexpr std::string_view memory_advice =
    "give a number of MiB (memory = 64) or a text with a unit (memory = \"256K\", \"64M\", \"1G\")";

std::optional<std::uint64_t> kib_of(std::string_view text) {
    std::uint64_t kib_per_unit = 1024;
    if (!text.empty()) {
        const char unit = static_cast<char>(text.back() & ~0x20); // upper case
        const bool has_unit = unit == 'K' || unit == 'M' || unit == 'G';
        if (has_unit)
            text.remove_suffix(1);
        if (unit == 'K')
            kib_per_unit = 1;
        if (unit == 'G')
            kib_per_unit = 1024 * 1024;
    }
    const auto number = to_number(text);
    if (!number || *number > UINT64_MAX / kib_per_unit)
        return std::nullopt;
    return *number * kib_per_unit;
}

} // namespace

std::optional<std::uint64_t> to_number(std::string_view text) {
    int base = 10;
    if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

Result<std::string> read_text(const Settings& settings, const Settings::Entry& entry) {
    if (entry.value.kind == Value::Kind::list)
        return settings.wrong(entry, "a text in quotes was expected, not a list");
    return entry.value.text;
}

Result<std::uint32_t> read_number(const Settings& settings, const Settings::Entry& entry,
                                  std::uint32_t smallest, std::uint32_t largest) {
    const auto number =
        entry.value.kind == Value::Kind::list || entry.appended ? std::nullopt : to_number(entry.value.text);
    if (!number || *number < smallest || *number > largest)
        return settings.wrong(entry, "a number from " + std::to_string(smallest) + " to " +
                                         std::to_string(largest) + " was expected" +
                                         (entry.appended ? ", given with =" : ""));
    return static_cast<std::uint32_t>(*number);
}

Result<std::uint64_t> read_memory(const Settings& settings, const Settings::Entry& entry) {
    if (entry.value.kind == Value::Kind::list || entry.appended)
        return settings.wrong(entry, memory_advice);
    const auto kib = kib_of(entry.value.text);
    if (!kib)
        return settings.wrong(entry, memory_advice);
    if (*kib < minimum_memory_kib)
        return settings.wrong(entry, "no guest runs in less than " + std::to_string(minimum_memory_kib) +
                                         " KiB; " + std::string(memory_advice));
    if (*kib > maximum_memory_kib)
        return settings.wrong(entry, "a guest can have " + std::to_string(maximum_memory_kib / 1024 / 1024) +
                                         " GiB at most; " + std::string(memory_advice));
    if (*kib % 4 != 0)
        return settings.wrong(entry, "memory comes in pages of 4 KiB: " + std::to_string(*kib / 4 * 4) +
                                         "K or " + std::to_string((*kib / 4 + 1) * 4) + "K would be right");
    return *kib;
}

} // namespace chaos::config
