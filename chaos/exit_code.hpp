// SPDX-License-Identifier: BSD-3-Clause
// The exit codes of chaos: one table, which help and the manual print, and the mapping from libchaos' kinds
// of failure.
#pragma once

#include <span>
#include <string_view>

#include "libchaos/result.hpp"

namespace chaos::cli {

enum class ExitCode : int {
    success = 0,
    failure = 1,
    usage = 2,
    configuration = 3,
    host = 4,
    no_such_guest = 5,
    name_taken = 6,
    out_of_memory = 7,
    guest_failed = 8,
    timed_out = 9,
    interrupted = 130, // what a shell reports for a program that SIGINT ended
};

struct ExitCodeMeaning {
    ExitCode code;
    const char* text;
};

/// Every exit code, by rising number.
std::span<const ExitCodeMeaning> exit_codes();

ExitCode exit_code_of(ErrorKind kind);

/// The kind as `--json` spells it, e.g. "name_taken".
std::string_view name_of(ErrorKind kind);

} // namespace chaos::cli
