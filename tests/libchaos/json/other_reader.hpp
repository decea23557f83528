// SPDX-License-Identifier: BSD-3-Clause
// What nlohmann::json makes of a text, which says what is right.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "libchaos/json/document.hpp"

namespace chaos::json::test {

using Other = nlohmann::json;

inline bool of_one_type(const Value& value, const Other& other) {
    return value.is_null() == other.is_null() && value.is_boolean() == other.is_boolean() &&
           value.is_whole() == other.is_number_unsigned() && value.is_number() == other.is_number() &&
           value.is_string() == other.is_string() && value.is_array() == other.is_array() &&
           value.is_object() == other.is_object();
}

/// What is not the same; nothing if all is.
inline const char* difference(const Value& value, const Other& other) {
    if (!of_one_type(value, other))
        return "another type";
    if (value.is_boolean() && value.boolean() != other.get<bool>())
        return "another boolean";
    if (value.is_whole() && value.whole() != other.get<std::uint64_t>())
        return "another whole number";
    if (value.is_number() && value.real() != other.get<double>())
        return "another number";
    if (value.is_string() && value.text() != other.get_ref<const std::string&>())
        return "another string";
    if (value.is_array() && value.size() != other.size())
        return "another size";
    std::size_t index = 0;
    for (const Value& element : value)
        if (const char* what = difference(element, other[index++]))
            return what;
    for (const auto& [name, unused] : value.members())
        if (!other.contains(name))
            return "one more member";
    if (other.is_object())
        for (const auto& [name, member] : other.items()) {
            const Value* found = value.find(name);
            if (const char* what = found ? difference(*found, member) : "a member less")
                return what;
        }
    return nullptr;
}

inline const char* difference(const Document& document, const std::string& text) {
    const Other other = Other::parse(text, nullptr, false);
    if (document.is_json() == other.is_discarded())
        return document.is_json() ? "JSON here only" : "no JSON here only";
    return document.is_json() ? difference(document.root(), other) : nullptr;
}

} // namespace chaos::json::test
