// SPDX-License-Identifier: BSD-3-Clause
// The keys of xl.cfg(5) that chaos does not carry out, and why; and guesses at misspelt ones.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace chaos::config {

struct RefusedKey {
    std::string_view name;
    std::string_view why;
    bool empty_list_is_fine = false; ///< `vif = []` asks for nothing
};

/// The entry of a key that is known and refused, or null.
const RefusedKey* find_refused_key(std::string_view name);

/// The one of `candidates` that `key` is probably a misspelling of, or an empty view.
std::string_view nearest_key(std::string_view key, std::span<const std::string_view> candidates);

} // namespace chaos::config
