// SPDX-License-Identifier: BSD-3-Clause
// Laying the table of verbs out for a terminal of 80 columns.
#include "chaos/help_text.hpp"

#include "chaos/output.hpp"

namespace chaos::cli {

namespace {

constexpr std::size_t columns = 80;

/// A term, and beside it what is said of it; below it if the term is long.
std::string entry(std::string_view term, std::string_view text) {
    constexpr std::size_t text_column = 26;
    std::string start = "  " + std::string(term);
    std::string lines = wrapped(text, text_column);
    if (start.size() + 2 > text_column)
        return start + "\n" + lines;
    start.resize(text_column, ' ');
    return lines.replace(0, text_column, start);
}

/// An example, and below it what it does.
std::string example_text(const Example& example) {
    return "  " + std::string(example.command) + "\n" + wrapped(example.text, 6);
}

std::string options_text(std::span<const Option> options) {
    std::string text;
    for (const Option& option : options)
        text += entry(spelling_of(option), option.text);
    return text;
}

std::string json_text(const Verb& verb) {
    std::string text = "\nWith --json:\n";
    for (const JsonField& field : verb.json_fields)
        text += entry(field.name, field.text);
    return text + entry("error", "Only if the command failed: kind, message, and advice or null.");
}

std::string exits_text(const Verb& verb) {
    std::string text = "\nExit status:\n";
    for (const ExitCodeMeaning& meaning : exit_codes()) {
        bool named = meaning.code <= ExitCode::usage;
        for (const ExitCode code : verb.exits)
            named = named || code == meaning.code;
        if (named)
            text += format("  %-4d", static_cast<int>(meaning.code)) + wrapped(meaning.text, 6).substr(6);
    }
    return text;
}

} // namespace

std::string wrapped(std::string_view text, std::size_t indent) {
    std::string lines;
    std::string line;
    const auto end_line = [&] {
        lines += std::string(indent, ' ') + line + '\n';
        line.clear();
    };
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.empty() && indent + line.size() + 1 + word.size() > columns)
            end_line();
        if (!line.empty())
            line += ' ';
        line += word;
    }
    if (!line.empty())
        end_line();
    return lines;
}

std::string spelling_of(const Option& option) {
    std::string text = option.letter != 0 ? std::string{'-', option.letter, ',', ' '} : "    ";
    text += "--";
    text += option.name;
    if (option.takes == Takes::value)
        text += std::string(" ") + option.value;
    else if (option.takes == Takes::joined_value)
        text += std::string("[=") + option.value + "]";
    return text;
}

std::string usage_of(const Verb& verb) {
    std::string text = "chaos " + std::string(verb.name);
    for (const Option& option : verb.options) {
        text += " [";
        text += option.letter != 0 ? std::string{'-', option.letter} : "--" + std::string(option.name);
        if (option.takes == Takes::value)
            text += std::string(" ") + option.value;
        else if (option.takes == Takes::joined_value)
            text += std::string("[=") + option.value + "]";
        text += "]";
    }
    if (!verb.json_fields.empty())
        text += " [--json]";
    for (const Positional& positional : verb.positionals) {
        text += positional.optional ? " [" : " ";
        text += positional.name;
        text += positional.repeats ? "..." : "";
        text += positional.optional ? "]" : "";
    }
    return text;
}

std::string overview() {
    std::string text = "Usage: chaos [OPTION...] VERB [ARGUMENT...]\n\n"
                       "Makes, runs and ends Xen guests.\n\nVerbs:\n";
    for (const Verb* verb : verbs())
        if (!verb->hidden)
            text += format("  %-15s %s\n", std::string(verb->name).c_str(), verb->summary);
    text += "\nOptions before the verb:\n" + options_text(global_options());
    return text + "\nchaos help VERB says more about one; man chaos says everything.\n";
}

std::string help_of(const Verb& verb) {
    std::string text = "Usage: ";
    text += wrapped(usage_of(verb), 7).substr(7);
    text += "\n" + wrapped(verb.summary + std::string("."), 0);
    for (const char* paragraph : verb.text)
        text += "\n" + wrapped(paragraph, 0);
    if (!verb.positionals.empty())
        text += "\nArguments:\n";
    for (const Positional& positional : verb.positionals)
        text += entry(positional.name, positional.text);
    text += "\nOptions:\n" + options_text(verb.options) + options_text(common_options(verb));
    if (!verb.examples.empty())
        text += "\nExamples:\n";
    for (const Example& example : verb.examples)
        text += example_text(example);
    if (!verb.json_fields.empty())
        text += json_text(verb);
    return text + exits_text(verb);
}

} // namespace chaos::cli
