// SPDX-License-Identifier: BSD-3-Clause
// The syntax of xl.cfg(5), without its meaning: text in, settings with their line numbers out.
//
//     name = "web"            # KEY = VALUE, ended by a newline or ';'
//     vcpus = 0x2             # numbers: decimal, 0octal, 0xhex
//     cpus = [ "0-3",         # lists: nested, over several lines, a comma may be left at the end
//              "4", ]
//     extra += " quiet"       # appends to a text or a list
//
// Texts stand in '…' or "…"; a backslash escapes a quote, itself, or one of abfnrtv, xHH, or up to three
// octal digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/result.hpp"

namespace chaos::config {

/// Limits that no guest needs to pass, so that no text takes more than a moment or some MiB to read.
constexpr std::size_t maximum_text = 1024 * 1024;
constexpr std::size_t maximum_key = 64;
constexpr std::size_t maximum_settings = 4096;
constexpr std::size_t maximum_items = 4096; ///< of one list
constexpr std::size_t maximum_depth = 16;   ///< of lists in lists

struct Value {
    enum class Kind : std::uint8_t { number, string, list };

    Kind kind = Kind::string;
    std::uint32_t line = 0;
    std::string text;         ///< what a string says, or a number as it was written
    std::vector<Value> items; ///< of a list
};

struct Setting {
    std::string key;
    Value value;
    bool appends = false; ///< `+=` instead of `=`
};

/// Where a text came from. On a command line the shell has eaten the quotes, so there a word needs none
/// (`name=web`, `memory=64M`), and a place has no line.
struct Source {
    std::string name; ///< a file's path, or a phrase
    bool command_line = false;

    /// "web.cfg:12", for messages.
    [[nodiscard]] std::string place(std::uint32_t line) const;
};

/// Reads the settings of `text` in their order; the Error is the first one by line, "PLACE: …".
Result<std::vector<Setting>> parse_settings(std::string_view text, const Source& source);

} // namespace chaos::config
