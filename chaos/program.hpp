// SPDX-License-Identifier: BSD-3-Clause
// The whole program but main(): words in, exit code out.
#pragma once

#include <span>
#include <string_view>

#include "chaos/exit_code.hpp"

namespace chaos::cli {

class Context;

/// `words` are argv without the program's name.
ExitCode run(Context& context, std::span<const char* const> words);

/// The Error for a verb that does not exist, with a guess at what was meant.
Error unknown_verb(std::string_view word);

} // namespace chaos::cli
