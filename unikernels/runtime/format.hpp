// SPDX-License-Identifier: BSD-3-Clause
// Text from values: "{}" stands for the next argument, "{x}" for it in hexadecimal, "{X}" with all 16 digits.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace unikernel {

/// One value to print; made from the arguments of format() by itself.
class FormatArgument {
  public:
    FormatArgument(std::string_view text) : text_(text), is_text_(true) {}
    FormatArgument(const char* text) : text_(text), is_text_(true) {}
    FormatArgument(std::unsigned_integral auto number) : number_(number) {}
    FormatArgument(std::signed_integral auto number)
        : number_(number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number)),
          is_negative_(number < 0) {}
    FormatArgument(const void* pointer) : number_(reinterpret_cast<std::uint64_t>(pointer)) {}

  private:
    friend std::string_view format_all(std::span<char>, std::string_view, std::span<const FormatArgument>);

    std::string_view text_;
    std::uint64_t number_ = 0;
    bool is_text_ = false;
    bool is_negative_ = false;
};

std::string_view format_all(std::span<char> buffer, std::string_view pattern,
                            std::span<const FormatArgument> arguments);

/// Writes into `buffer` and returns what was written; what does not fit is cut off.
template<typename... Arguments>
std::string_view format(std::span<char> buffer, std::string_view pattern, const Arguments&... arguments) {
    const FormatArgument list[] = {FormatArgument(arguments)..., FormatArgument("")};
    return format_all(buffer, pattern, {list, sizeof...(arguments)});
}

} // namespace unikernel
