// SPDX-License-Identifier: BSD-3-Clause
// One check for each way in which a member can be wrong.
#include "libchaos/json/fields.hpp"

#include <algorithm>
#include <charconv>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/text.hpp"

namespace chaos::json {

Error wrong(std::string what) {
    return Error(ErrorKind::system, std::move(what));
}

Result<Fields> Fields::of(const nlohmann::json& value, std::string_view name) {
    if (!value.is_object())
        return wrong(std::string(name) + " is not an object");
    return Fields(value);
}

Result<void> Fields::has_only(std::initializer_list<std::string_view> names) const {
    for (const auto& [key, value] : object_->items())
        if (std::find(names.begin(), names.end(), key) == names.end())
            return wrong("there is an unknown member " + config::in_quotes(key));
    return {};
}

const nlohmann::json* Fields::find(const char* key) const {
    const auto found = object_->find(key);
    return found == object_->end() ? nullptr : &*found;
}

Result<std::uint64_t> Fields::number(const char* key, std::uint64_t minimum, std::uint64_t maximum) const {
    const nlohmann::json* value = find(key);
    if (!value)
        return wrong(std::string(key) + " is missing");
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() < minimum ||
        value->get<std::uint64_t>() > maximum)
        return wrong(std::string(key) + " is not a number from " + std::to_string(minimum) + " to " +
                     std::to_string(maximum));
    return value->get<std::uint64_t>();
}

Result<std::string> Fields::text(const char* key) const {
    const nlohmann::json* value = find(key);
    if (!value)
        return wrong(std::string(key) + " is missing");
    if (!value->is_string())
        return wrong(std::string(key) + " is not a string");
    return value->get<std::string>();
}

Result<std::string> Fields::bytes(const char* key) const {
    const nlohmann::json* value = find(key);
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
            return wrong(std::string(key) + " is not made of pairs of hexadecimal digits");
        decoded += static_cast<char>(byte);
    }
    return decoded;
}

Result<bool> Fields::boolean(const char* key) const {
    const nlohmann::json* value = find(key);
    if (!value)
        return wrong(std::string(key) + " is missing");
    if (!value->is_boolean())
        return wrong(std::string(key) + " is neither true nor false");
    return value->get<bool>();
}

Result<Uuid> Fields::uuid(const char* key) const {
    Result<Uuid> parsed = Uuid::parse(TRY(text(key)));
    if (!parsed)
        return wrong(std::string(key) + ": " + parsed.error().story());
    return parsed;
}

Result<std::string> Fields::guest_name() const {
    std::string found = TRY(text("name"));
    if (auto checked = check_guest_name(found); !checked)
        return wrong("name: " + checked.error().story());
    return found;
}

Result<const nlohmann::json*> Fields::list(const char* key, std::size_t most) const {
    const nlohmann::json* value = find(key);
    if (value && (!value->is_array() || value->size() > most))
        return wrong(std::string(key) + " is not a list of at most " + std::to_string(most));
    return value;
}

Result<std::uint64_t> Fields::number_or(const char* key, std::uint64_t otherwise, std::uint64_t minimum,
                                        std::uint64_t maximum) const {
    return find(key) ? number(key, minimum, maximum) : otherwise;
}

Result<std::string> Fields::text_or_empty(const char* key) const {
    return find(key) ? text(key) : std::string();
}

Result<bool> Fields::boolean_or(const char* key, bool otherwise) const {
    return find(key) ? boolean(key) : otherwise;
}

} // namespace chaos::json
