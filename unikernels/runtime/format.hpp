// SPDX-License-Identifier: BSD-3-Clause
// Text from values: "{}" stands for the next argument, "{x}" for it in hexadecimal, "{X}" with all 16 digits.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace unikernel {

/// One value to print; whoever calls print() need not know of it.
class FormatArgument {
  public:
    FormatArgument(std::string_view text)
        : kind_(Kind::text), length_(static_cast<std::uint32_t>(text.size())),
          value_(reinterpret_cast<std::uint64_t>(text.data())) {}
    FormatArgument(const char* text) : FormatArgument(std::string_view(text)) {}
    FormatArgument(std::unsigned_integral auto number) : kind_(Kind::number), value_(number) {}
    FormatArgument(std::signed_integral auto number)
        : kind_(number < 0 ? Kind::negative_number : Kind::number),
          value_(number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number)) {}
    FormatArgument(const void* pointer)
        : kind_(Kind::number), value_(reinterpret_cast<std::uint64_t>(pointer)) {}

  private:
    friend class FormatOutput;
    enum class Kind : std::uint8_t { text, number, negative_number };

    Kind kind_;
    std::uint32_t length_ = 0;
    std::uint64_t value_;
};

using FormatArguments = std::initializer_list<FormatArgument>;

/// Writes into `buffer` and returns what was written; what does not fit is cut off.
std::string_view format(std::span<char> buffer, std::string_view pattern, FormatArguments arguments);

} // namespace unikernel
