// SPDX-License-Identifier: BSD-3-Clause
// The table of verbs as the source of chaos(1), in the language of scdoc(5).
#include "chaos/generate.hpp"

#include "chaos/help_text.hpp"
#include "chaos/output.hpp"
#include "chaos/verb.hpp"
#include "chaos/version.hpp"

namespace chaos::cli {

namespace {

/// Text in which nothing is markup.
std::string plain(std::string_view text) {
    std::string result;
    for (const char character : text) {
        if (std::string_view("\\*_`[]#|<>~").find(character) != std::string_view::npos)
            result += '\\';
        result += character;
    }
    return result;
}

std::string bold(std::string_view text) {
    return "*" + plain(text) + "*";
}

/// A term, and what is said of it one step further in.
std::string entry(const std::string& term, std::string_view text) {
    return term + "\n\t" + plain(text) + "\n\n";
}

std::string options_text(std::span<const Option> options) {
    std::string text;
    for (const Option& option : options) {
        const std::string spelling = spelling_of(option);
        text += entry(bold(std::string_view(spelling).substr(spelling.find_first_not_of(' '))), option.text);
    }
    return text;
}

/// The first verb in the table that prints the same members: they are described once.
const Verb& first_with_fields_of(const Verb& verb) {
    for (const Verb* other : verbs())
        if (other->json_fields.data() == verb.json_fields.data())
            return *other;
    return verb;
}

std::string verb_section(const Verb& verb) {
    std::string text = "## " + std::string(verb.name) + "\n\n" + bold(usage_of(verb)) + "\n\n";
    for (const char* paragraph : verb.text)
        text += plain(paragraph) + "\n\n";
    for (const Positional& positional : verb.positionals)
        text += entry("_" + plain(positional.name) + "_", positional.text);
    text += options_text(verb.options);
    if (verb.json_fields.empty())
        return text;
    if (const Verb& first = first_with_fields_of(verb); &first != &verb)
        return text + "With *--json*: the members that *" + std::string(first.name) + "* has.\n\n";
    text += "With *--json*:\n\n";
    for (const JsonField& field : verb.json_fields)
        text += entry(bold(field.name), field.text);
    return text;
}

std::string examples_section() {
    std::string text = "# EXAMPLES\n\n";
    for (const Verb* verb : verbs())
        for (const Example& example : verb->examples)
            text += entry(bold(example.command), example.text);
    return text;
}

constexpr const char* errors_section =
    "# MESSAGES\n\n"
    "A failure is told on standard error, in one line that says what was being done, to which guest, and why "
    "it "
    "failed; indented below it stands what can be done about it.\n\n"
    "Every verb that has something to print takes *--json*, and then prints exactly one JSON object on "
    "standard output. It has a member *error* if, and only if, the exit status is not 0: an object with "
    "*kind* (one of system, invalid\\_argument, invalid\\_config, invalid\\_image, not\\_found, "
    "name\\_taken, not\\_permitted, not\\_on\\_xen, wrong\\_version, out\\_of\\_memory, guest\\_failed, "
    "timed\\_out, interrupted), *message*, and *advice*, which may be null. Verbs that take several guests "
    "go on after a failure; the first one decides *error* and the exit status. Members may be added in later "
    "versions; those described here stay.\n\n";

constexpr const char* files_section =
    "# FILES\n\n"
    "/run/chaos\n\tOne record for each guest that chaos made, and its name.\n\n"
    "/run/chaos/chaosd.sock\n\tWhere chaosd listens.\n\n"
    "/var/cache/chaos/kernels\n\tKernels unpacked from bzImage files, made anew when the file changes; they "
    "can be deleted at any time.\n\n";

} // namespace

std::string manual() {
    std::string text = format("chaos(1) \"chaos %s\" \"chaos\"\n\n", version);
    text += "# NAME\n\nchaos - make, run and end Xen guests\n\n";
    text += "# SYNOPSIS\n\n*chaos* [_OPTION_...] _VERB_ [_ARGUMENT_...]\n\n";
    text +=
        "# DESCRIPTION\n\n" +
        plain(
            "chaos makes Xen guests, on a stock Xen host, as cheaply as processes are made. It does its work "
            "in one call, through the hypervisor alone: no daemon needs to run. Where chaosd(8) "
            "runs, guests come from its pools. Its verbs, columns and configuration files are those of xl(1); it leaves the domains that xl made alone.") +
        "\n\n" +
        plain("Guests are named by their name, their domain id or their UUID. chaos must be run by root in "
              "the control domain of the release of Xen that it was built for.") +
        "\n\n";
    text += "# OPTIONS\n\nBefore the verb:\n\n" + options_text(global_options());
    text += "Every verb has *-h* and *--help*. Options and arguments of a verb may be mixed; after *--* "
            "everything is an argument.\n\n";
    text += "# VERBS\n\n";
    for (const Verb* verb : verbs())
        if (!verb->hidden)
            text += verb_section(*verb);
    text += "# EXIT STATUS\n\n";
    for (const ExitCodeMeaning& meaning : exit_codes())
        text += entry("*" + std::to_string(static_cast<int>(meaning.code)) + "*", meaning.text);
    text += errors_section;
    text += examples_section();
    text += files_section;
    return text + "# SEE ALSO\n\n*chaos.cfg*(5), *xl*(1), *xl.cfg*(5)\n";
}

} // namespace chaos::cli
