// SPDX-License-Identifier: BSD-3-Clause
// A text or a list of texts; as xl has it, an item may also be a bare number, and here a list of its own.
#include "libchaos/config/affinity.hpp"

#include "libchaos/config/cpu_list.hpp"

namespace chaos::config {
namespace {

using Entry = Settings::Entry;

Result<CpuSet> read_item(const Settings& settings, const Entry& entry, const Value& item) {
    CpuSet cpus;
    if (item.kind != Value::Kind::list) {
        auto parsed = parse_cpu_list(item.text);
        if (!parsed)
            return settings.wrong_item(entry, item, parsed.error().story());
        return parsed;
    }
    for (const Value& part : item.items) {
        if (part.kind == Value::Kind::list)
            return settings.wrong_item(entry, part, "a CPU or a list of CPUs like \"0-3,5\" was expected");
        if (auto added = add_cpu_list(part.text, cpus); !added)
            return settings.wrong_item(entry, part, added.error().story());
    }
    if (cpus.none())
        return settings.wrong_item(entry, item, "no CPU is left");
    return cpus;
}

} // namespace

Result<std::vector<CpuSet>> read_affinity(const Settings& settings, std::string_view key,
                                          std::uint32_t vcpus) {
    std::vector<CpuSet> sets;
    const Entry* entry = settings.find(key);
    if (entry == nullptr)
        return sets;
    if (entry->value.kind != Value::Kind::list) {
        auto set = parse_cpu_list(entry->value.text);
        if (!set)
            return settings.wrong(*entry, set.error().story());
        sets.push_back(*set);
        return sets;
    }
    const auto& items = entry->value.items;
    if (items.size() > vcpus)
        return settings.wrong(*entry, "the list has " + std::to_string(items.size()) + " items for " +
                                          std::to_string(vcpus) + " vCPUs");
    for (const Value& item : items)
        sets.push_back(TRY(read_item(settings, *entry, item)));
    if (!sets.empty())
        sets.resize(vcpus, CpuSet().set());
    return sets;
}

} // namespace chaos::config
