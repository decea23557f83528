// SPDX-License-Identifier: BSD-3-Clause
// A guest's UUID, the 16 bytes that Xen keeps as the domain's handle.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libchaos/result.hpp"

namespace chaos {

/// RFC 4122 bytes in the order they are printed.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    friend auto operator<=>(const Uuid&, const Uuid&) = default;
    /// "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", lower case.
    [[nodiscard]] std::string to_string() const;
    /// A version 4 UUID from getrandom(2).
    [[nodiscard]] static Uuid random();
    /// Accepts the form to_string() prints, in either case.
    [[nodiscard]] static Result<Uuid> parse(std::string_view text);
};

} // namespace chaos
