// SPDX-License-Identifier: BSD-3-Clause
// What a verb is, as data: parsing, help, bash completion and the manual all read the same description.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "chaos/exit_code.hpp"
#include "libchaos/result.hpp"

namespace chaos::cli {

class Context;
class Arguments;

/// What follows an option: nothing (a flag), a value, or a value only when joined by `=`.
enum class Takes : unsigned char { nothing, value, joined_value };

/// What the shell may offer in a place of the command line.
enum class Completes : unsigned char { nothing, file, guest, setting, vif, verb, flavour };

struct Option {
    char letter; // 0 = none
    const char* name;
    Takes takes;
    const char* value; // how help calls the value, e.g. "SECONDS"
    const char* text;
    Completes completes = Completes::nothing;
};

struct Positional {
    const char* name; // "GUEST"
    bool optional;
    bool repeats; // only the last one may
    Completes completes;
    const char* text;
};

struct Example {
    const char* command;
    const char* text;
};

/// A member of the JSON document that --json prints.
struct JsonField {
    const char* name;
    const char* text;
};

/// One verb. Texts are plain ASCII, one paragraph per string; help and the manual wrap them.
struct Verb {
    std::string_view name; // one word, or two: "pool list"
    const char* summary;   // begins with a verb, no full stop
    std::span<const char* const> text;
    std::span<const Option> options;
    std::span<const Positional> positionals;
    std::span<const Example> examples;
    std::span<const ExitCode> exits;        // those worth naming besides success, failure and usage
    std::span<const JsonField> json_fields; // not empty: the verb takes --json
    /// An Error is printed and decides the exit code.
    Result<ExitCode> (*run)(Context&, const Arguments&);
    bool hidden = false; // not for users: left out of help, completion and manual
};

/// Options that every verb has, after its own.
std::span<const Option> common_options(const Verb& verb);

/// Options of chaos itself, given before the verb.
std::span<const Option> global_options();

/// The whole table, in the order that help prints it.
std::span<const Verb* const> verbs();

/// The verb of that name, or nullptr.
const Verb* find_verb(std::string_view name);

/// The verb that `words` begin with, and behind it how many of them are its name; nullptr if they begin with none.
std::pair<const Verb*, std::size_t> find_verb(std::span<const char* const> words);

/// Whether there are verbs of two words of which this is the first.
bool is_group(std::string_view word);

} // namespace chaos::cli
