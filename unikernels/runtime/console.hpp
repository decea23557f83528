// SPDX-License-Identifier: BSD-3-Clause
// The console: noxs's if there is one, else the one that xl gives. Found at the first use. Not for event
// handlers.
#pragma once

#include "format.hpp"

#include <span>
#include <string_view>

namespace unikernel {

/// Writes `text`, with a carriage return before each new line. What does not fit in the ring is lost: a
/// console without a reader must not stop a guest.
void write(std::string_view text);

void print_list(std::string_view pattern, FormatArguments arguments);

/// Writes formatted text (format.hpp), up to 256 characters.
template<typename... Arguments>
void print(std::string_view pattern, const Arguments&... arguments) {
    print_list(pattern, {FormatArgument(arguments)...});
}

/// Waits for a line and returns it without its end. What goes beyond `buffer` is lost. Without a console: for
/// ever.
std::string_view read_line(std::span<char> buffer);

/// From now on text goes to the emulator's debug port if there is no console: for last words.
void speak_at_any_cost();

} // namespace unikernel
