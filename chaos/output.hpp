// SPDX-License-Identifier: BSD-3-Clause
// Printing: whole texts with one write(2) each, because stdio's buffers and iostream's locales cost start-up
// time.
#pragma once

#include <string>
#include <string_view>

#include "libchaos/result.hpp"

namespace chaos::cli {

/// printf(3) into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

/// Writes to standard output; fails if it cannot take everything (a full disk), so that no script reads half
/// a list.
Result<void> print(std::string_view text);

/// Writes a line to standard error, as well as that is possible.
void note(std::string_view line);

/// "chaos: story", and the advice, if there is one, on indented lines below. Control characters are spelled
/// out: part of the text can come from a file or a guest, which shall not steer the reader's terminal.
std::string presentable(const Error& error);
/// Writes that to standard error.
void report(const Error& error);

} // namespace chaos::cli
