// SPDX-License-Identifier: BSD-3-Clause
// The little there is of formatting.
#include "format.hpp"

namespace unikernel {

namespace {

/// A buffer that takes what fits.
class Output {
  public:
    explicit Output(std::span<char> buffer) : buffer_(buffer) {}

    void put(char character) {
        if (used_ < buffer_.size()) {
            buffer_[used_++] = character;
        }
    }
    void put(std::string_view text) {
        for (const char character : text) {
            put(character);
        }
    }
    void put_number(std::uint64_t number, unsigned base, unsigned least_digits) {
        char digits[20];
        unsigned count = 0;
        do {
            digits[count++] = "0123456789abcdef"[number % base];
            number /= base;
        } while (number != 0 || count < least_digits);
        while (count > 0) {
            put(digits[--count]);
        }
    }
    [[nodiscard]] std::string_view text() const { return {buffer_.data(), used_}; }

  private:
    std::span<char> buffer_;
    std::size_t used_ = 0;
};

} // namespace

std::string_view format_all(std::span<char> buffer, std::string_view pattern,
                            std::span<const FormatArgument> arguments) {
    Output output(buffer);
    while (!pattern.empty()) {
        const bool hexadecimal = pattern.starts_with("{x}");
        const bool all_digits = pattern.starts_with("{X}");
        if ((!hexadecimal && !all_digits && !pattern.starts_with("{}")) || arguments.empty()) {
            output.put(pattern.front());
            pattern.remove_prefix(1);
            continue;
        }
        const FormatArgument& argument = arguments.front();
        if (argument.is_text_) {
            output.put(argument.text_);
        } else if (all_digits) {
            output.put_number(argument.number_, 16, 16);
        } else {
            output.put(argument.is_negative_ ? "-" : "");
            output.put(hexadecimal ? "0x" : "");
            output.put_number(argument.number_, hexadecimal ? 16 : 10, 1);
        }
        arguments = arguments.subspan(1);
        pattern.remove_prefix(hexadecimal || all_digits ? 3 : 2);
    }
    return output.text();
}

} // namespace unikernel
