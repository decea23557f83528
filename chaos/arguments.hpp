// SPDX-License-Identifier: BSD-3-Clause
// The command line of one verb, parsed by Boost.Program_options after the verb's own table of options.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chaos/verb.hpp"
#include "libchaos/result.hpp"

namespace chaos::cli {

class Arguments {
  public:
    /// Fails with invalid_argument. Options may stand anywhere; after `--` everything is positional.
    static Result<Arguments> parse(std::span<const Option> options, std::span<const Option> more_options,
                                   std::span<const char* const> words);

    [[nodiscard]] bool has(std::string_view option) const;
    /// What the option was given, empty for a joined value left out; nothing if the option is absent. The
    /// last one wins.
    [[nodiscard]] std::optional<std::string_view> value(std::string_view option) const;
    [[nodiscard]] const std::vector<std::string>& positionals() const { return positionals_; }

    /// The option's value as a whole number within [least, most], or `otherwise` if the option is absent.
    [[nodiscard]] Result<unsigned> number(std::string_view option, unsigned least, unsigned most,
                                          unsigned otherwise) const;
    /// The option's value as a time in seconds ("5", "0.25"), or `otherwise` if the option or its value is
    /// absent.
    [[nodiscard]] Result<std::chrono::milliseconds> seconds(std::string_view option,
                                                            std::chrono::milliseconds otherwise) const;

  private:
    class Reader;

    std::vector<std::pair<std::string, std::string>> options_; // long name, value
    std::vector<std::string> positionals_;
};

/// Fails with invalid_argument if there are too few or too many of `given` for what `verb` takes.
Result<void> check_positionals(const Verb& verb, const std::vector<std::string>& given);

} // namespace chaos::cli
