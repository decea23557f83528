// SPDX-License-Identifier: BSD-3-Clause
// The little there is of formatting.
#include "format.hpp"

namespace unikernel {

/// A buffer that takes what fits.
class FormatOutput {
  public:
    explicit FormatOutput(std::span<char> buffer) : buffer_(buffer) {}

    void put(char character) {
        if (used_ < buffer_.size()) {
            buffer_[used_++] = character;
        }
    }

    void put(const FormatArgument& argument, char style) {
        if (argument.kind_ == FormatArgument::Kind::text) {
            const auto* text = reinterpret_cast<const char*>(argument.value_);
            for (std::uint32_t i = 0; i < argument.length_; ++i) {
                put(text[i]);
            }
            return;
        }
        if (argument.kind_ == FormatArgument::Kind::negative_number) {
            put('-');
        }
        if (style == 'x') {
            put('0');
            put('x');
        }
        put_digits(argument.value_, style == 'd' ? 10 : 16, style == 'X' ? 16 : 1);
    }

    [[nodiscard]] std::string_view text() const { return {buffer_.data(), used_}; }

  private:
    void put_digits(std::uint64_t number, unsigned base, unsigned least_digits) {
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

    std::span<char> buffer_;
    std::size_t used_ = 0;
};

std::string_view format(std::span<char> buffer, std::string_view pattern, FormatArguments arguments) {
    FormatOutput output(buffer);
    const auto* argument = arguments.begin();
    while (!pattern.empty()) {
        const std::size_t length = pattern.starts_with("{}") ? 2 : 3;
        const bool is_placeholder = length == 2 || pattern.starts_with("{x}") || pattern.starts_with("{X}");
        if (!is_placeholder || argument == arguments.end()) {
            output.put(pattern.front());
            pattern.remove_prefix(1);
            continue;
        }
        output.put(*argument++, length == 2 ? 'd' : pattern[1]);
        pattern.remove_prefix(length);
    }
    return output.text();
}

} // namespace unikernel
