// SPDX-License-Identifier: BSD-3-Clause
// The table of verbs. Each verb's entry is in the file that carries it out.
#include "chaos/verbs.hpp"

#include <string>

namespace chaos::cli {

namespace {

constexpr const Verb* table[] = {
    &create_verb,         &destroy_verb,        &shutdown_verb,     &reboot_verb,       &pause_verb,
    &unpause_verb,        &list_verb,           &info_verb,         &console_verb,      &network_attach_verb,
    &network_detach_verb, &network_list_verb,   &block_attach_verb, &block_detach_verb, &block_list_verb,
    &domid_verb,          &domname_verb,        &rename_verb,       &pool_list_verb,    &pool_create_verb,
    &pool_resize_verb,    &pool_drain_verb,     &pool_delete_verb,  &flavour_list_verb, &flavour_show_verb,
    &flavour_set_verb,    &flavour_delete_verb, &events_verb,       &version_verb,      &help_verb,
    &generate_verb,
};

constexpr Option help_option{'h', "help", Takes::nothing, nullptr, "Explain this verb and do nothing else."};
constexpr Option json_option{0, "json", Takes::nothing, nullptr,
                             "Print one JSON object on standard output instead of text."};
constexpr Option with_json[] = {json_option, help_option};
constexpr Option without_json[] = {help_option};

constexpr Option globals[] = {
    {0, "state-directory", Takes::value, "DIR",
     "Keep the records of guests in DIR instead of /run/chaos. It must be on a file system that is emptied "
     "at reboot.",
     Completes::file},
    {'v', "verbose", Takes::nothing, nullptr, "Say on standard error what was done and where the time went."},
    {'h', "help", Takes::nothing, nullptr, "Explain chaos and do nothing else."},
    {0, "version", Takes::nothing, nullptr, "Print the version and do nothing else."},
};

} // namespace

std::span<const Option> common_options(const Verb& verb) {
    return verb.json_fields.empty() ? std::span<const Option>(without_json)
                                    : std::span<const Option>(with_json);
}

std::span<const Option> global_options() {
    return globals;
}

std::span<const Verb* const> verbs() {
    return table;
}

const Verb* find_verb(std::string_view name) {
    for (const Verb* verb : table)
        if (verb->name == name)
            return verb;
    return nullptr;
}

std::pair<const Verb*, std::size_t> find_verb(std::span<const char* const> words) {
    if (words.empty())
        return {nullptr, 0};
    if (const Verb* verb = find_verb(words[0]))
        return {verb, 1};
    if (words.size() > 1 && is_group(words[0]))
        return {find_verb(std::string(words[0]) + " " + words[1]), 2};
    return {nullptr, 0};
}

bool is_group(std::string_view word) {
    for (const Verb* verb : table)
        if (verb->name.size() > word.size() && verb->name.starts_with(word) && verb->name[word.size()] == ' ')
            return true;
    return false;
}

} // namespace chaos::cli
