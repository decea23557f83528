// SPDX-License-Identifier: BSD-3-Clause
// The table of verbs as a completion script for bash.
#include "chaos/generate.hpp"

#include "chaos/output.hpp"
#include "chaos/verb.hpp"

namespace chaos::cli {

namespace {

/// Keys that a guest's configuration knows, as settings on the command line begin.
constexpr const char* settings =
    "name= type= kernel= ramdisk= cmdline= extra= root= memory= maxmem= vcpus= maxvcpus= "
    "cpus= cpus_soft= uuid= max_event_channels= max_grant_frames= vif= disk= store=";

/// The parts of a vif.
constexpr const char* vif_parts = "mac= bridge= ip= gateway= rate= pps= mtu= vifname=";

constexpr const char* head = R"(# bash completion for chaos(1)                            -*- shell-script -*-
# Made from the program's own table of verbs.

# Names of the guests of chaos; none if they cannot be listed (no Xen, no privileges).
_chaos_guests() {
    chaos list 2>/dev/null | while read -r name _; do
        case $name in Name | Domain-0 | -) ;; *) printf '%s\n' "$name" ;; esac
    done
}

# Names of the flavours of chaosd; none if it does not run.
_chaos_flavours() {
    chaos flavour list 2>/dev/null | while read -r name _; do [[ $name == Name ]] || printf '%s\n' "$name"; done
}

_chaos_offer() {
    COMPREPLY=()
    local word
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$current")
}

_chaos_offer_files() {
    COMPREPLY=()
    local word
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
}

# Settings, and files for those that name one. bash splits KEY=VALUE at the equals sign.
_chaos_offer_settings() {
    local at=$COMP_CWORD
    if [[ $current == '=' ]]; then
        current=''
        at=$((at + 1))
    fi
    if [[ ${COMP_WORDS[at-1]} == '=' ]]; then
        COMPREPLY=()
        [[ ${COMP_WORDS[at-2]} != @(kernel|ramdisk) ]] || _chaos_offer_files
        return
    fi
    _chaos_offer "$1"
    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

_chaos() {
    COMPREPLY=()
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local verb='' place=0 word index
)";

constexpr const char* find_the_verb = R"(
    # The verb is the first word that is neither an option of chaos itself nor its value.
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        if [[ -n $verb ]]; then
            if [[ " $groups " == *" $verb "* ]]; then
                verb+=" $word" # a verb of two words
                continue
            fi
            # bash hands a=b over as three words
            [[ $word == -* || $word == '=' ]] || place=$((place + 1))
            continue
        fi
        case $word in
)";

constexpr const char* tail = R"(    esac
}

complete -F _chaos chaos
)";

std::string words_of(std::span<const Option> options) {
    std::string words;
    for (const Option& option : options) {
        if (option.letter != 0)
            words += std::string{'-', option.letter, ' '};
        words += std::string("--") + option.name + " ";
    }
    return words;
}

/// A line that offers what fits.
std::string offer(Completes what, const std::string& verb_names) {
    switch (what) {
    case Completes::nothing:
        return "COMPREPLY=()";
    case Completes::file:
        return "_chaos_offer_files";
    case Completes::guest:
        return "_chaos_offer \"$(_chaos_guests)\"";
    case Completes::setting:
        return std::string("_chaos_offer_settings '") + settings + "'";
    case Completes::vif:
        return std::string("_chaos_offer_settings '") + vif_parts + "'";
    case Completes::flavour:
        return "_chaos_offer \"$(_chaos_flavours)\"";
    case Completes::verb:
        return "_chaos_offer '" + verb_names + "'";
    }
    return "";
}

/// Cases of `$previous` for options that take the next word.
std::string value_cases(std::span<const Option> options, const std::string& verb_names) {
    std::string cases;
    for (const Option& option : options) {
        if (option.takes != Takes::value)
            continue;
        std::string pattern = std::string("--") + option.name;
        if (option.letter != 0)
            pattern = std::string{'-', option.letter} + " | " + pattern;
        cases += "                " + pattern + ") " + offer(option.completes, verb_names) + "; return ;;\n";
    }
    if (!cases.empty())
        cases = "            case $previous in\n" + cases + "            esac\n";
    return cases;
}

/// What is offered in each place; where nothing more may follow, nothing.
std::string place_cases(const Verb& verb, const std::string& verb_names) {
    std::string cases;
    std::size_t place = 0;
    for (const Positional& positional : verb.positionals)
        cases += "                " + (positional.repeats ? "*" : std::to_string(place++)) + ") " +
                 offer(positional.completes, verb_names) + " ;;\n";
    return cases;
}

std::string verb_case(const Verb& verb, const std::string& verb_names) {
    std::string text = "        '" + std::string(verb.name) + "')\n" + value_cases(verb.options, verb_names);
    text += "            if [[ $current == -* ]]; then\n                _chaos_offer '" +
            words_of(verb.options) + words_of(common_options(verb)) + "'\n";
    if (!verb.positionals.empty())
        text += "            else\n                case $place in\n" + place_cases(verb, verb_names) +
                "                esac\n";
    return text + "            fi ;;\n";
}

} // namespace

std::string bash_completion() {
    std::string verb_names;
    std::string group_names;
    std::string group_cases;
    for (const Verb* verb : verbs()) {
        if (verb->hidden)
            continue;
        const std::string_view first = verb->name.substr(0, verb->name.find(' '));
        if ((" " + verb_names).find(" " + std::string(first) + " ") != std::string::npos)
            continue; // another of its group
        verb_names += std::string(first) + " ";
        if (!is_group(first))
            continue;
        group_names += std::string(first) + " ";
        group_cases += "        " + std::string(first) + ") _chaos_offer '";
        for (const Verb* other : verbs())
            if (other->name.starts_with(std::string(first) + " "))
                group_cases += std::string(other->name.substr(first.size() + 1)) + " ";
        group_cases += "' ;;\n";
    }

    std::string text = head;
    text += "    local groups='" + group_names + "'\n";
    text += find_the_verb;
    for (const Option& option : global_options())
        if (option.takes == Takes::value)
            text += "            --" + std::string(option.name) + ") index=$((index + 1)) ;;\n";
    text += "            -*) ;;\n            *) verb=$word ;;\n        esac\n    done\n\n";
    text += "    case $verb in\n        '')\n" + value_cases(global_options(), verb_names);
    text += "            if [[ $current == -* ]]; then\n                _chaos_offer '" +
            words_of(global_options()) + "'\n            else\n                " +
            offer(Completes::verb, verb_names) + "\n            fi ;;\n";
    for (const Verb* verb : verbs())
        if (!verb->hidden)
            text += verb_case(*verb, verb_names);
    return text + group_cases + tail;
}

} // namespace chaos::cli
