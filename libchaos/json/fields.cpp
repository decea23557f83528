// SPDX-License-Identifier: BSD-3-Clause
// One check for each way in which a member can be wrong.
#include "libchaos/json/fields.hpp"

#include <algorithm>
#include <charconv>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/text.hpp"

namespace chaos::json {
namespace {

[[gnu::cold]] Error missing(std::string_view key) {
    return wrong(std::string(key) + " is missing");
}

[[gnu::cold]] Error out_of_range(std::string_view key, std::uint64_t minimum, std::uint64_t maximum) {
    return wrong(std::string(key) + " is not a number from " + std::to_string(minimum) + " to " +
                 std::to_string(maximum));
}

Result<std::uint64_t> number_of(const Value& value, std::string_view key, std::uint64_t minimum,
                                std::uint64_t maximum) {
    if (!value.is_whole() || value.whole() < minimum || value.whole() > maximum)
        return out_of_range(key, minimum, maximum);
    return value.whole();
}

Result<std::string_view> text_of(const Value& value, std::string_view key) {
    if (!value.is_string())
        return wrong(std::string(key) + " is not a string");
    return value.text();
}

Result<std::string> guest_name_of(const Value& value) {
    const std::string_view name = TRY(text_of(value, "name"));
    if (auto checked = check_guest_name(name); !checked)
        return wrong("name: " + checked.error().story());
    return std::string(name);
}

Result<bool> boolean_of(const Value& value, std::string_view key) {
    if (!value.is_boolean())
        return wrong(std::string(key) + " is neither true nor false");
    return value.boolean();
}

/// The bytes that the digits stand for, two for each.
Result<std::string> from_hex(std::string_view hex, std::string_view key) {
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

Result<std::string> bytes_of(const Value& value, std::string_view key) {
    if (value.is_object()) {
        const Fields wrapped = TRY(Fields::of(value, key));
        return from_hex(TRY(wrapped.text("hex")), key);
    }
    return std::string(TRY(text_of(value, key)));
}

} // namespace

Error wrong(std::string what) {
    return Error(ErrorKind::system, std::move(what));
}

Result<Fields> Fields::of(const Value& value, std::string_view name) {
    if (!value.is_object())
        return wrong(std::string(name) + " is not an object");
    return Fields(value);
}

Result<void> Fields::has_only(std::initializer_list<std::string_view> names) const {
    const auto* expected = names.begin(); // mostly they come in the order in which they are known
    for (const auto& [key, value] : object_->members()) {
        if (expected == names.end() || *expected != key)
            expected = std::find(names.begin(), names.end(), key);
        if (expected == names.end())
            return wrong("there is an unknown member " + config::in_quotes(key));
        ++expected;
    }
    return {};
}

Result<std::uint64_t> Fields::number(std::string_view key, std::uint64_t minimum,
                                     std::uint64_t maximum) const {
    const Value* value = find(key);
    if (!value)
        return missing(key);
    return number_of(*value, key, minimum, maximum);
}

Result<std::string_view> Fields::text(std::string_view key) const {
    const Value* value = find(key);
    if (!value)
        return missing(key);
    return text_of(*value, key);
}

Result<std::string> Fields::bytes(std::string_view key) const {
    const Value* value = find(key);
    if (!value)
        return missing(key);
    return bytes_of(*value, key);
}

Result<bool> Fields::boolean(std::string_view key) const {
    const Value* value = find(key);
    if (!value)
        return missing(key);
    return boolean_of(*value, key);
}

Result<Uuid> Fields::uuid(std::string_view key) const {
    Result<Uuid> parsed = Uuid::parse(TRY(text(key)));
    if (!parsed)
        return wrong(std::string(key) + ": " + parsed.error().story());
    return parsed;
}

Result<std::string> Fields::guest_name() const {
    const Value* value = find("name");
    if (!value)
        return missing("name");
    return guest_name_of(*value);
}

Result<std::string> Fields::guest_name_or_empty() const {
    const Value* value = find("name");
    return value ? guest_name_of(*value) : std::string();
}

Result<const Value*> Fields::list(std::string_view key, std::size_t most) const {
    const Value* value = find(key);
    if (value && (!value->is_array() || value->size() > most))
        return wrong(std::string(key) + " is not a list of at most " + std::to_string(most));
    return value;
}

Result<std::uint64_t> Fields::number_or(std::string_view key, std::uint64_t otherwise, std::uint64_t minimum,
                                        std::uint64_t maximum) const {
    const Value* value = find(key);
    return value ? number_of(*value, key, minimum, maximum) : otherwise;
}

Result<std::string_view> Fields::text_or(std::string_view key, std::string_view otherwise) const {
    const Value* value = find(key);
    return value ? text_of(*value, key) : otherwise;
}

Result<std::string> Fields::bytes_or_empty(std::string_view key) const {
    const Value* value = find(key);
    return value ? bytes_of(*value, key) : std::string();
}

Result<bool> Fields::boolean_or(std::string_view key, bool otherwise) const {
    const Value* value = find(key);
    return value ? boolean_of(*value, key) : otherwise;
}

} // namespace chaos::json
