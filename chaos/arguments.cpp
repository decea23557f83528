// SPDX-License-Identifier: BSD-3-Clause
// Parsing a verb's words in two steps: Boost.Program_options takes them apart, the verb's table says what
// they mean.
//
// The library could do the second step too, but for every option described to it, it makes a string stream,
// and with the first one the C++ library's locale: more work than all the rest of the program's start.
#include "chaos/arguments.hpp"

#include <boost/program_options/cmdline.hpp>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>

#include <charconv>

#include "chaos/output.hpp"
#include "chaos/suggestion.hpp"

namespace chaos::cli {

namespace po = boost::program_options;

namespace {

using Options = std::span<const Option>;

std::vector<po::option> take_apart(std::span<const char* const> words) {
    const po::options_description none_described;
    po::positional_options_description positionals;
    positionals.add("positional", -1);
    return po::command_line_parser(std::vector<std::string>(words.begin(), words.end()))
        .options(none_described)
        .allow_unregistered()
        .positional(positionals)
        // A guessed prefix works until another option with that prefix arrives, and then breaks scripts.
        .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
        .run()
        .options;
}

/// How an option is spelt in messages.
std::string spelt(const Option& option) {
    return std::string("--") + option.name;
}

Error unknown_option(const std::string& word, Options options, Options more_options) {
    Error error(ErrorKind::invalid_argument, "unknown option '" + word + "'");
    for (const Option& option : global_options())
        if (word == spelt(option) || (option.letter != 0 && word == std::string{'-', option.letter}))
            return std::move(error).advise("It is an option of chaos itself: give it before the verb.");
    std::vector<std::string_view> names;
    for (const auto& table : {options, more_options})
        for (const Option& option : table)
            names.emplace_back(option.name);
    const std::string_view written = word;
    if (const auto guess = nearest(written.substr(written.find_first_not_of('-')), names);
        word.starts_with("--") && !guess.empty())
        return std::move(error).advise("Did you mean '--" + std::string(guess) + "'?");
    return error;
}

Error wrong_value(std::string_view option, std::string_view value, const std::string& right) {
    return {ErrorKind::invalid_argument,
            "option '--" + std::string(option) + "' takes " + right + ", not '" + std::string(value) + "'"};
}

} // namespace

/// Gives the taken-apart words their meaning.
class Arguments::Reader {
  public:
    Reader(Options options, Options more_options) : options_(options), more_options_(more_options) {}

    Result<void> read(const po::option& word) {
        if (word.position_key >= 0) {
            if (waiting_ == nullptr)
                arguments_.positionals_.push_back(word.value.front());
            else
                arguments_.options_.emplace_back(std::exchange(waiting_, nullptr)->name, word.value.front());
            return {};
        }
        TRY(finish());
        const std::string joined = word.value.empty() ? std::string() : word.value.front();
        if (word.string_key.starts_with('-')) // the library leaves its dash to a letter
            return read_letters(word.string_key.substr(1) + joined);
        return read_name(word.string_key, joined);
    }

    /// Fails if the last option still waits for its value.
    Result<void> finish() {
        if (waiting_ != nullptr)
            return Error(ErrorKind::invalid_argument,
                         "option '" + spelt(*waiting_) + "' needs a value, " + waiting_->value);
        return {};
    }

    [[nodiscard]] Arguments arguments() { return std::move(arguments_); }

  private:
    template<typename Matches>
    const Option* find(Matches matches) const {
        for (const auto& table : {options_, more_options_})
            for (const Option& option : table)
                if (matches(option))
                    return &option;
        return nullptr;
    }

    Result<void> read_name(const std::string& name, const std::string& joined) {
        const Option* option = find([&](const Option& known) { return known.name == name; });
        if (option == nullptr)
            return unknown_option("--" + name, options_, more_options_);
        if (option->takes == Takes::nothing && !joined.empty())
            return Error(ErrorKind::invalid_argument, "option '" + spelt(*option) + "' takes no value");
        if (option->takes == Takes::value && joined.empty())
            waiting_ = option;
        else
            arguments_.options_.emplace_back(option->name, joined);
        return {};
    }

    /// "-pc" is two flags, "-n5" an option and its value.
    Result<void> read_letters(std::string_view letters) {
        for (; !letters.empty(); letters.remove_prefix(1)) {
            const Option* option = find([&](const Option& known) { return known.letter == letters.front(); });
            if (option == nullptr)
                return unknown_option({'-', letters.front()}, options_, more_options_);
            const std::string rest(letters.substr(1));
            if (option->takes == Takes::value)
                return read_name(option->name, rest);
            arguments_.options_.emplace_back(option->name, std::string());
        }
        return {};
    }

    Options options_;
    Options more_options_;
    const Option* waiting_ = nullptr;
    Arguments arguments_;
};

Result<Arguments> Arguments::parse(Options options, Options more_options,
                                   std::span<const char* const> words) {
    Reader reader(options, more_options);
    try {
        for (const po::option& word : take_apart(words))
            TRY(reader.read(word));
    } catch (const po::error& failure) {
        return Error(ErrorKind::invalid_argument, failure.what());
    }
    TRY(reader.finish());
    return reader.arguments();
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
