// SPDX-License-Identifier: BSD-3-Clause
// A flavour's keys written down for the reader of xl.cfg, which knows what they mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "chaos/daemon/service.hpp"

namespace chaos::daemon {

/// Writes settings in the syntax of xl.cfg, each value on the line that it has in another file: what the reader complains
/// about is then found there. Lines must not go down.
class SettingsText {
  public:
    void key(std::string_view name, std::uint32_t line);
    void text(std::string_view value, std::uint32_t line);
    void number(std::int64_t value, std::uint32_t line);
    void open_list(std::uint32_t line);
    void close_list();
    [[nodiscard]] const std::string& finish() const { return text_; }

  private:
    void go_to(std::uint32_t line);
    void item(std::string_view words, std::uint32_t line);

    std::string text_;
    std::uint32_t line_ = 1;
    int depth_ = 0;
};

/// Whether a flavour may have that key of xl.cfg; if not, why.
Result<void> check_flavour_key(std::string_view key);

/// Whether guests can be of that flavour: it fixes nothing that only one of them can have, and has all that shells need.
/// Fails with invalid_config.
Result<void> check_flavour(const FlavourSpec& flavour);

/// The flavour `name` of what was written down; `has_kernel` says whether that names one. Fails with invalid_config.
Result<FlavourSpec> read_flavour(const SettingsText& text, const std::string& name, bool has_kernel,
                                 std::uint32_t disks, std::string_view origin);

} // namespace chaos::daemon
