// SPDX-License-Identifier: BSD-3-Clause
// Parsing a verb's words with Boost.Program_options. Only the options of the verb that was called are
// described to it, and its results are taken as strings: describing more, or typed values, would cost every
// start-up.
#include "chaos/arguments.hpp"

#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <charconv>

#include "chaos/output.hpp"
#include "chaos/suggestion.hpp"

namespace chaos::cli {

namespace po = boost::program_options;

namespace {

constexpr const char* positional_key = "positional"; // any word: it is never looked up

void describe(po::options_description& description, std::span<const Option> options) {
    for (const Option& option : options) {
        std::string names = option.name;
        if (option.letter != 0) {
            names += ',';
            names += option.letter;
        }
        const bool flag = option.takes != Takes::value; // a joined value has been taken off by then
        description.add_options()(names.c_str(), new po::untyped_value(flag)); // which the description owns
    }
}

/// Takes the values off options that have them joined by `=`, and returns those. The library would give an
/// option whose value can be left out the next word that is no option: `--wait FILE` would lose its file.
std::vector<std::pair<std::string, std::string>> take_joined_values(std::span<const Option> options,
                                                                    std::vector<std::string>& words) {
    std::vector<std::pair<std::string, std::string>> values;
    for (const Option& option : options) {
        if (option.takes != Takes::joined_value)
            continue;
        const std::string start = std::string("--") + option.name + "=";
        for (std::string& word : words) {
            if (word == "--")
                break;
            if (!word.starts_with(start))
                continue;
            values.emplace_back(option.name, word.substr(start.size()));
            word.resize(start.size() - 1);
        }
    }
    return values;
}

Error unknown_option(const std::string& word, std::span<const Option> options,
                     std::span<const Option> more_options) {
    Error error(ErrorKind::invalid_argument, "unknown option '" + word + "'");
    for (const Option& option : global_options())
        if (word == std::string("--") + option.name ||
            (option.letter != 0 && word == std::string{'-', option.letter}))
            return std::move(error).advise("It is an option of chaos itself: give it before the verb.");
    std::vector<std::string_view> names;
    for (const auto& table : {options, more_options})
        for (const Option& option : table)
            names.emplace_back(option.name);
    const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
    if (const auto guess = nearest(std::string_view(word).substr(dashes), names);
        dashes == 2 && !guess.empty())
        return std::move(error).advise("Did you mean '--" + std::string(guess) + "'?");
    return error;
}

Error wrong_value(std::string_view option, std::string_view value, const std::string& right) {
    return {ErrorKind::invalid_argument,
            "option '--" + std::string(option) + "' takes " + right + ", not '" + std::string(value) + "'"};
}

} // namespace

Result<Arguments> Arguments::parse(std::span<const Option> options, std::span<const Option> more_options,
                                   std::span<const char* const> words) {
    try {
        po::options_description description;
        describe(description, options);
        describe(description, more_options);
        po::positional_options_description positionals;
        positionals.add(positional_key, -1);
        std::vector<std::string> list(words.begin(), words.end());
        auto joined_values = take_joined_values(options, list);
        const po::parsed_options parsed =
            po::command_line_parser(list)
                .options(description)
                .positional(positionals)
                // A guessed prefix works until another option with that prefix arrives, and then breaks
                // scripts.
                .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                .run();

        Arguments arguments;
        for (const po::option& option : parsed.options) {
            if (option.position_key >= 0)
                arguments.positionals_.insert(arguments.positionals_.end(), option.value.begin(),
                                              option.value.end());
            else
                arguments.options_.emplace_back(option.string_key,
                                                option.value.empty() ? std::string() : option.value.front());
        }
        for (auto& value : joined_values) // after the bare ones, so that they win
            arguments.options_.push_back(std::move(value));
        return arguments;
    } catch (const po::unknown_option& failure) {
        return unknown_option(failure.get_option_name(), options, more_options);
    } catch (const po::error& failure) {
        return Error(ErrorKind::invalid_argument, failure.what());
    }
}

bool Arguments::has(std::string_view option) const {
    return value(option).has_value();
}

std::optional<std::string_view> Arguments::value(std::string_view option) const {
    for (auto given = options_.rbegin(); given != options_.rend(); ++given)
        if (given->first == option)
            return given->second;
    return std::nullopt;
}

Result<unsigned> Arguments::number(std::string_view option, unsigned least, unsigned most,
                                   unsigned otherwise) const {
    const auto given = value(option);
    if (!given)
        return otherwise;
    unsigned result = 0;
    const char* end = given->data() + given->size();
    const auto [stopped, failure] = std::from_chars(given->data(), end, result);
    if (failure != std::errc() || stopped != end || result < least || result > most)
        return wrong_value(option, *given, format("a whole number from %u to %u", least, most));
    return result;
}

Result<std::chrono::milliseconds> Arguments::seconds(std::string_view option,
                                                     std::chrono::milliseconds otherwise) const {
    const auto given = value(option);
    if (!given || given->empty())
        return otherwise;
    // Digits by hand: the library's decimal parsers follow the locale, or are large.
    constexpr std::uint64_t most = 1'000'000;
    std::uint64_t milliseconds = 0;
    std::size_t digits = 0;
    std::size_t position = 0;
    for (; position < given->size() && (*given)[position] >= '0' && (*given)[position] <= '9';
         ++position, ++digits)
        if (milliseconds <= most)
            milliseconds = milliseconds * 10 + static_cast<std::uint64_t>((*given)[position] - '0');
    milliseconds *= 1000;
    if (position < given->size() && (*given)[position] == '.') {
        ++position;
        for (std::uint64_t worth = 100;
             position < given->size() && (*given)[position] >= '0' && (*given)[position] <= '9';
             ++position, ++digits, worth /= 10)
            milliseconds += worth * static_cast<std::uint64_t>((*given)[position] - '0');
    }
    if (position != given->size() || digits == 0 || milliseconds == 0 || milliseconds > most * 1000)
        return wrong_value(option, *given, "a time in seconds above 0, such as 5 or 0.25");
    return std::chrono::milliseconds(milliseconds);
}

Result<void> check_positionals(const Verb& verb, const std::vector<std::string>& given) {
    std::size_t needed = 0;
    bool endless = false;
    for (const Positional& positional : verb.positionals) {
        needed += positional.optional ? 0 : 1;
        endless = endless || positional.repeats;
    }
    if (given.size() < needed) {
        for (const Positional& positional : verb.positionals.subspan(given.size()))
            if (!positional.optional)
                return Error(ErrorKind::invalid_argument, std::string(positional.name) + " is missing");
    }
    if (!endless && given.size() > verb.positionals.size())
        return Error(ErrorKind::invalid_argument,
                     "one argument too many: '" + given[verb.positionals.size()] + "'");
    return {};
}

} // namespace chaos::cli
