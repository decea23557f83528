// SPDX-License-Identifier: BSD-3-Clause
// The settings in effect after a file and its overrides: one per key, the last one, with `+=` carried out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libchaos/config/syntax.hpp"

namespace chaos::config {

class Settings {
  public:
    struct Entry {
        std::string key;
        Value value;
        bool appended = false; ///< some part of it came by `+=`
        std::size_t source = 0;
        std::uint32_t line = 0;
    };

    /// Adds the settings of one more text, which override those before.
    Result<void> add(std::string_view text, Source source);

    /// In the order in which their values were given, so that the first wrong one is reported.
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] const Entry* find(std::string_view key) const;

    /// An Error about `entry`: "web.cfg:3: vcpus = 200: WHAT".
    [[nodiscard]] Error wrong(const Entry& entry, std::string_view what) const;
    /// The same about one item of its list: "web.cfg:4: cpus: item "9-3": WHAT".
    [[nodiscard]] Error wrong_item(const Entry& entry, const Value& item, std::string_view what) const;
    /// "web.cfg:3"
    [[nodiscard]] std::string place(const Entry& entry) const {
        return sources_[entry.source].place(entry.line);
    }

  private:
    Result<void> apply(Setting setting);

    std::vector<Source> sources_;
    std::vector<Entry> entries_;
};

} // namespace chaos::config
