// SPDX-License-Identifier: BSD-3-Clause
// What can happen to a store's contents, one by one: the words in which its journal is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "libchaos/result.hpp"

namespace xendevd {

struct StoreChange {
    enum class Kind : char {
        write = 'w',             ///< path, text: the value
        remove = 'r',            ///< path
        watch = 'W',             ///< path as given, text: the token
        unwatch = 'U',           ///< path as given, text: the token
        reset = 'R',             ///< no watches and no transactions any more
        begin_transaction = 'b', ///< number
        end_transaction = 'e',   ///< number
    };
    Kind kind{};
    std::string path;
    std::string text;
    std::uint32_t number = 0;
};

using StoreChanges = std::vector<StoreChange>;

/// Values are any bytes, JSON's strings are not: each byte becomes the character of that number.
std::string to_json_text(std::string_view bytes);
/// Undoes to_json_text(); characters beyond 255 are an error of ours.
chaos::Result<std::string> from_json_text(std::string_view text);

nlohmann::json to_json(const StoreChanges& changes);
chaos::Result<StoreChanges> changes_from_json(const nlohmann::json& json);

} // namespace xendevd
