// SPDX-License-Identifier: BSD-3-Clause
// Which names guests may have: names stand for guests beside ids and UUIDs, and become file names.
#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/text.hpp"

namespace chaos {
namespace {

/// Nothing else is tried as one, because to be told that it is none costs more than all other checks.
constexpr std::size_t uuid_size = sizeof "12345678-9abc-4def-8123-456789abcdef" - 1;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_punctuation(char c) {
    return c == '.' || c == '_' || c == '-';
}

Error refuse(std::string_view name, std::string_view why) {
    return Error(ErrorKind::invalid_argument,
                 "a guest cannot be named " + config::in_quotes(name) + ": " + std::string(why));
}

} // namespace

Result<void> check_guest_name(std::string_view name) {
    if (name.empty())
        return refuse(name, "the name is empty");
    if (name.size() > maximum_name)
        return refuse(name, "it is longer than " + std::to_string(maximum_name) + " characters");
    bool only_digits = true;
    for (const char c : name) {
        if (!is_digit(c) && !is_letter(c) && !is_punctuation(c))
            return refuse(name, "only letters, digits, '.', '_' and '-' are allowed");
        only_digits = only_digits && is_digit(c);
    }
    if (is_punctuation(name.front()))
        return refuse(name, "it must start with a letter or a digit");
    if (only_digits)
        return refuse(name, "only digits would be taken for a domain id");
    if (name.size() == uuid_size && Uuid::parse(name))
        return refuse(name, "it would be taken for a UUID");
    return {};
}

} // namespace chaos
