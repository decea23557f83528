// SPDX-License-Identifier: BSD-3-Clause
// What a request is about: the parts of its path and its query, decoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libchaos/result.hpp"

namespace chaos::daemon::api {

struct Target {
    std::vector<std::string> path;                          ///< "/v1/guests/a%2Fb" is v1, guests, a/b
    std::vector<std::pair<std::string, std::string>> query; ///< each name once
};

/// Takes the target of a request for hostile: fails with invalid_argument. One with scheme and host is taken as well.
Result<Target> parse_target(std::string_view text);

/// The query's value of that name.
const std::string* find(const Target& target, std::string_view name);
/// Whether the query has no other names.
Result<void> has_only(const Target& target, std::initializer_list<std::string_view> names);
/// "true" or "false"; false if it is not there.
Result<bool> flag(const Target& target, std::string_view name);

} // namespace chaos::daemon::api
