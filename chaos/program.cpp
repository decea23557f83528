// SPDX-License-Identifier: BSD-3-Clause
// Finding the verb among the words, parsing what stands before it and after it, and telling how it ended.
//
// The words are split by hand at the verb: a parser that knew only the global options would eat the verb's
// own, and one that knew all of them would cost every start-up.
#include "chaos/program.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/help_text.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/suggestion.hpp"
#include "chaos/verbs.hpp"
#include "chaos/version.hpp"

namespace chaos::cli {

namespace {

using Words = std::span<const char* const>;

/// How many words stand before the verb.
std::size_t words_before_verb(Words words) {
    std::size_t position = 0;
    while (position < words.size() && words[position][0] == '-') {
        const std::string_view word = words[position++];
        for (const Option& option : global_options()) // its value, if in a word of its own, is no verb
            if (option.takes == Takes::value && word == "--" + std::string(option.name))
                ++position;
    }
    return std::min(position, words.size());
}

/// Reads the options before the verb; the exit code if they are all there is to do.
Result<std::optional<ExitCode>> run_global(Context& context, Words words) {
    const Arguments arguments = TRY(Arguments::parse(global_options(), {}, words));
    if (arguments.has("help") || arguments.has("version")) {
        TRY(print(arguments.has("help") ? overview() : version_line()));
        return ExitCode::success;
    }
    context.verbose = arguments.has("verbose");
    if (const auto directory = arguments.value("state-directory"))
        context.host_options.state_directory = *directory;
    return std::nullopt;
}

Result<ExitCode> run_verb(Context& context, const Verb& verb, Words words) {
    // Looked for by hand first, because the parser's own failures are to be told as JSON too.
    context.json =
        !verb.json_fields.empty() &&
        std::any_of(words.begin(), words.end(), [](std::string_view word) { return word == "--json"; });
    const Arguments arguments = TRY(Arguments::parse(verb.options, common_options(verb), words));
    if (arguments.has("help")) {
        TRY(print(help_of(verb)));
        return ExitCode::success;
    }
    context.json = arguments.has("json");
    TRY(check_positionals(verb, arguments.positionals()));
    return verb.run(context, arguments);
}

/// Tells the failure to people and, if asked for, to programs.
ExitCode fail(const Context& context, Error error, const std::string& usage_advice) {
    if (error.kind() == ErrorKind::invalid_argument)
        error = std::move(error).advise(usage_advice);
    report(error);
    if (context.json)
        if (const auto printed = print_json(Json{{"error", json_of(error)}}); !printed)
            report(printed.error());
    return exit_code_of(error.kind());
}

} // namespace

Error unknown_verb(std::string_view word) {
    std::vector<std::string_view> names;
    for (const Verb* verb : verbs())
        if (!verb->hidden)
            names.push_back(verb->name);
    if (is_group(word)) {
        std::string which;
        for (const std::string_view name : names)
            if (name.starts_with(word) && name.substr(word.size()).starts_with(' '))
                which += (which.empty() ? "" : ", ") + std::string(name.substr(word.size() + 1));
        return {ErrorKind::invalid_argument,
                "'" + std::string(word) + "' needs one of " + which + " after it"};
    }
    Error error(ErrorKind::invalid_argument, "unknown verb '" + std::string(word) + "'");
    const auto guess = nearest(word, names);
    if (guess.empty())
        return error;
    return std::move(error).advise("Did you mean '" + std::string(guess) + "'?");
}

ExitCode run(Context& context, Words words) {
    const std::string list_verbs = "'chaos help' lists the verbs.";
    const std::size_t before = words_before_verb(words);
    if (before > 0) {
        auto done = run_global(context, words.first(before));
        if (!done)
            return fail(context, std::move(done).error(), "'chaos --help' lists the options.");
        if (done->has_value())
            return **done;
    }
    words = words.subspan(before);
    if (words.empty())
        return fail(context, Error(ErrorKind::invalid_argument, "no verb was given"), list_verbs);
    const auto [verb, length] = find_verb(words);
    if (verb == nullptr) {
        std::string word = words.front();
        if (length > 1 && words[1][0] != '-')
            word += std::string(" ") + words[1];
        return fail(context, unknown_verb(word), list_verbs);
    }
    auto result = run_verb(context, *verb, words.subspan(length));
    if (!result)
        return fail(context, std::move(result).error(),
                    "'chaos help " + std::string(verb->name) + "' explains the verb.");
    return *result;
}

} // namespace chaos::cli
