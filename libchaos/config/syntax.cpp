// SPDX-License-Identifier: BSD-3-Clause
// A recursive-descent parser of xl.cfg's syntax; what is accepted is compared with Xen's own parser by the
// tests.
#include "libchaos/config/syntax.hpp"

#include <algorithm>

#include "libchaos/config/text.hpp"

namespace chaos::config {
namespace {

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_key_character(char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '.';
}
bool is_number_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == 'x';
}
/// What an unquoted word on a command line, or one somebody forgot to quote, is made of.
bool is_word_character(char c) {
    constexpr std::string_view others = "_.-/:+%@~^";
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || others.find(c) != others.npos ||
           static_cast<unsigned char>(c) >= 0x80;
}
/// Outside of a list nothing else can be meant by these: `cpus=0-3,5` and `cmdline=console=hvc0`.
bool is_top_word_character(char c) {
    return is_word_character(c) || c == ',' || c == '=';
}

class Parser {
  public:
    Parser(std::string_view text, const Source& source) : text_(text), source_(source) {}

    Result<std::vector<Setting>> parse() {
        std::vector<Setting> settings;
        for (skip_ends(); !at_end(); skip_ends()) {
            if (settings.size() == maximum_settings)
                return fail("there are more than " + std::to_string(maximum_settings) + " settings");
            settings.push_back(TRY(parse_setting()));
            skip_spaces();
            if (!at_end() && !is_end(peek()))
                return fail("after the value of " + settings.back().key + " comes " + here() +
                            " where a newline or ';' was expected");
        }
        return settings;
    }

  private:
    [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[position_]; }
    [[nodiscard]] static bool is_end(char c) { return c == '\n' || c == ';' || c == '#'; }

    template<typename Predicate>
    std::string_view take_while(Predicate belongs) {
        const std::size_t start = position_;
        while (!at_end() && belongs(peek()))
            ++position_;
        return text_.substr(start, position_ - start);
    }

    void skip_spaces() {
        take_while([](char c) { return c == ' ' || c == '\t'; });
    }

    /// Skips a newline or a comment with its newline, if one is here.
    bool skip_line_end() {
        if (peek() == '#')
            take_while([](char c) { return c != '\n'; });
        else if (peek() != '\n')
            return false;
        if (!at_end()) {
            ++position_;
            ++line_;
        }
        return true;
    }

    /// Between settings: blank lines, comments, and semicolons.
    void skip_ends() {
        for (;;) {
            skip_spaces();
            if (!at_end() && peek() == ';')
                ++position_;
            else if (at_end() || !skip_line_end())
                return;
        }
    }

    /// Inside a list, where a newline is only space.
    void skip_lines() {
        do
            skip_spaces();
        while (!at_end() && skip_line_end());
    }

    Unexpected fail(std::string what) const {
        return Unexpected{Error(ErrorKind::invalid_config, source_.place(line_) + ": " + std::move(what))};
    }

    /// The offending spot, shown to the reader.
    [[nodiscard]] std::string here() const {
        if (at_end())
            return "the end of the text";
        if (peek() == '\n' || peek() == '#')
            return "the end of the line";
        if (peek() == '\r')
            return "a carriage return (the lines must end as on Unix)";
        std::size_t end = position_;
        while (end < text_.size() && is_word_character(text_[end]))
            ++end;
        return in_quotes(text_.substr(position_, end == position_ ? 1 : end - position_));
    }

    Result<Setting> parse_setting() {
        Setting setting;
        if (!is_lower(peek()))
            return fail("a key was expected (lower-case letters, digits, '_'), found " + here());
        setting.key = take_while(is_key_character);
        if (setting.key.size() > maximum_key)
            return fail("a key of " + std::to_string(setting.key.size()) + " letters: there is none so long");
        skip_spaces();
        if (peek() == '+') {
            setting.appends = true;
            ++position_;
        }
        if (peek() != '=')
            return fail("after the key " + setting.key + " comes " + here() + " where '=' was expected");
        ++position_;
        skip_spaces();
        setting.value = TRY(parse_value(setting.key, 0));
        return setting;
    }

    Result<Value> parse_value(std::string_view key, std::size_t depth) {
        Value value;
        value.line = line_;
        const char first = peek();
        if (first == '"' || first == '\'') {
            value.text = TRY(parse_string());
            return value;
        }
        if (first == '[')
            return parse_list(key, depth);
        if (source_.command_line && is_word_character(first)) {
            value.text = take_while(depth == 0 ? is_top_word_character : is_word_character);
            if (is_digit(first) && std::all_of(value.text.begin(), value.text.end(), is_number_character))
                value.kind = Value::Kind::number;
            return value;
        }
        if (is_digit(first)) {
            const std::size_t start = position_;
            value.kind = Value::Kind::number;
            value.text = take_while(is_number_character);
            if (is_word_character(peek())) {
                position_ = start;
                return fail(unquoted_word(key));
            }
            return value;
        }
        if (is_word_character(first))
            return fail(unquoted_word(key));
        return fail(std::string(key) + " has no value: found " + here() +
                    " where a number, a \"text\" or a [list] was expected");
    }

    [[nodiscard]] std::string unquoted_word(std::string_view key) const {
        return std::string(key) + ": a text needs quotes, so write \"…\" around " + here();
    }

    Result<Value> parse_list(std::string_view key, std::size_t depth) {
        Value list;
        list.kind = Value::Kind::list;
        list.line = line_;
        if (depth == maximum_depth)
            return fail(std::string(key) + ": lists are nested more than " + std::to_string(maximum_depth) +
                        " deep");
        ++position_;
        for (skip_lines(); peek() != ']' || at_end(); skip_lines()) {
            if (at_end())
                return fail("the list of " + std::string(key) + " that starts in line " +
                            std::to_string(list.line) + " is not closed by ']'");
            if (list.items.size() == maximum_items)
                return fail("the list of " + std::string(key) + " has more than " +
                            std::to_string(maximum_items) + " items");
            list.items.push_back(TRY(parse_value(key, depth + 1)));
            skip_lines();
            if (peek() == ',')
                ++position_;
            else if (peek() != ']')
                return fail("in the list of " + std::string(key) + " that starts in line " +
                            std::to_string(list.line) + " comes " + here() +
                            " where ',' or ']' was expected");
        }
        ++position_;
        return list;
    }

    Result<std::string> parse_string() {
        std::string text;
        const char quote = text_[position_++];
        for (;;) {
            if (at_end() || peek() == '\n')
                return fail(std::string("a text that starts with ") + quote + " is not closed in its line");
            const char c = text_[position_++];
            if (c == quote)
                return text;
            if (c == '\0')
                return fail("a text holds a zero byte");
            text += c == '\\' ? TRY(parse_escape()) : c;
        }
    }

    Result<char> parse_escape() {
        const char c = peek();
        constexpr std::string_view letters = "abfnrtv\"'\\";
        constexpr std::string_view meanings = "\a\b\f\n\r\t\v\"'\\";
        if (!at_end())
            ++position_;
        if (const auto index = letters.find(c); index != letters.npos)
            return meanings[index];
        unsigned number = 0;
        if (c == 'x') {
            const auto digits = take_at_most(2, hex_digit);
            if (digits.size() != 2)
                return fail("\\x in a text must be followed by two hexadecimal digits");
            for (const char digit : digits)
                number = number * 16 + static_cast<unsigned>(hex_digit(digit));
        } else if (octal_digit(c) >= 0) {
            --position_;
            for (const char digit : take_at_most(3, octal_digit))
                number = number * 8 + static_cast<unsigned>(octal_digit(digit));
        } else {
            return fail(
                "\\ in a text must be followed by a quote, another \\, one of abfnrtv, xHH or octal digits");
        }
        if (number == 0 || number > 255)
            return fail("a numeric escape in a text must stand for a byte from 1 to 255");
        return static_cast<char>(number);
    }

    static int hex_digit(char c) {
        if (is_digit(c))
            return c - '0';
        if (c >= 'a' && c <= 'f')
            return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    }
    static int octal_digit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

    std::string_view take_at_most(std::size_t count, int (*digit)(char)) {
        const std::size_t start = position_;
        while (position_ - start < count && !at_end() && digit(peek()) >= 0)
            ++position_;
        return text_.substr(start, position_ - start);
    }

    std::string_view text_;
    const Source& source_;
    std::size_t position_ = 0;
    std::uint32_t line_ = 1;
};

} // namespace

std::string Source::place(std::uint32_t line) const {
    return command_line ? name : name + ":" + std::to_string(line);
}

Result<std::vector<Setting>> parse_settings(std::string_view text, const Source& source) {
    if (text.size() > maximum_text)
        return Error(ErrorKind::invalid_config, source.name + ": longer than " +
                                                    std::to_string(maximum_text / 1024) +
                                                    " KiB, so this is no guest configuration");
    return Parser(text, source).parse();
}

} // namespace chaos::config
