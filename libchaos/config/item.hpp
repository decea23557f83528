// SPDX-License-Identifier: BSD-3-Clause
// What descriptions of vifs and disks have in common: parts separated by commas.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/result.hpp"

namespace chaos::config {

[[gnu::cold]] inline Error invalid_item(std::string what) {
    return {ErrorKind::invalid_config, std::move(what)};
}

/// Without the spaces that it starts with, which follow a comma. Those at the end belong to it: a path may end so.
inline std::string_view without_spaces(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t\n"), text.size()));
}

/// The parts of an item, one after the other.
class Parts {
  public:
    explicit Parts(std::string_view text) : rest_(text) {}

    /// The next part without the spaces before it; nothing at the end.
    std::optional<std::string_view> next() {
        if (!rest_)
            return std::nullopt;
        const auto comma = rest_->find(',');
        const std::string_view part = rest_->substr(0, comma);
        rest_ = comma == part.npos ? std::nullopt : std::optional(rest_->substr(comma + 1));
        return without_spaces(part);
    }
    /// What next() has not given yet.
    [[nodiscard]] std::optional<std::string_view> rest() const { return rest_; }
    /// False if `key` was noted before.
    bool note(std::string_view key) {
        if (std::find(seen_.begin(), seen_.end(), key) != seen_.end())
            return false;
        seen_.push_back(key);
        return true;
    }

  private:
    std::optional<std::string_view> rest_;
    std::vector<std::string_view> seen_;
};

} // namespace chaos::config
