// SPDX-License-Identifier: BSD-3-Clause
// Parts are carried out from left to right, so "all,^7" and "^7,all" differ, as in xl.
#include "libchaos/config/cpu_list.hpp"

#include <charconv>
#include <optional>

#include "libchaos/config/text.hpp"

namespace chaos::config {
namespace {

struct Range {
    std::size_t first = 0;
    std::size_t last = 0;
};

std::string_view trimmed(std::string_view text) {
    const auto start = text.find_first_not_of(" \t");
    if (start == text.npos)
        return {};
    return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

std::optional<std::size_t> to_cpu(std::string_view text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

Result<Range> parse_range(std::string_view part) {
    const auto dash = part.find('-');
    const auto first = to_cpu(part.substr(0, dash));
    const auto last = dash == part.npos ? first : to_cpu(part.substr(dash + 1));
    if (!first || !last)
        return Error(ErrorKind::invalid_config,
                     in_quotes(part) + " is no CPU; a list of CPUs looks like \"0-3,5,^1\" or \"all\"");
    if (*first > *last)
        return Error(ErrorKind::invalid_config, in_quotes(part) + " runs backwards");
    if (*last >= CpuSet().size())
        return Error(ErrorKind::invalid_config, in_quotes(part) + " is beyond the last possible CPU, " +
                                                    std::to_string(CpuSet().size() - 1));
    return Range{*first, *last};
}

Result<void> add_part(std::string_view part, CpuSet& cpus) {
    const bool exclude = part.starts_with('^');
    if (exclude)
        part = trimmed(part.substr(1));
    if (part.starts_with("node:") || part.starts_with("nodes:"))
        return Error(ErrorKind::invalid_config,
                     in_quotes(part) + ": NUMA nodes are not carried out yet; name their CPUs");
    if (part == "all") {
        if (exclude)
            return Error(ErrorKind::invalid_config, "^all leaves no CPU");
        cpus.set();
        return {};
    }
    const Range range = TRY(parse_range(part));
    for (std::size_t cpu = range.first; cpu <= range.last; ++cpu)
        cpus.set(cpu, !exclude);
    return {};
}

} // namespace

Result<void> add_cpu_list(std::string_view text, CpuSet& cpus) {
    for (;;) {
        const auto comma = text.find(',');
        TRY(add_part(trimmed(text.substr(0, comma)), cpus));
        if (comma == text.npos)
            return {};
        text.remove_prefix(comma + 1);
    }
}

Result<CpuSet> parse_cpu_list(std::string_view text) {
    CpuSet cpus;
    TRY(add_cpu_list(text, cpus));
    if (cpus.none())
        return Error(ErrorKind::invalid_config, "no CPU is left; start with \"all\" to exclude some");
    return cpus;
}

} // namespace chaos::config
