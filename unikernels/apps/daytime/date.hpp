// SPDX-License-Identifier: BSD-3-Clause
// The line that RFC 867 suggests.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// "Saturday, November 21, 2026 08:39:23-UTC\r\n", written into `buffer`, of at least 64 characters; `seconds` since 1970.
std::string_view write_date(std::span<char> buffer, std::uint64_t seconds);
