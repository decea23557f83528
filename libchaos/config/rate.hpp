// SPDX-License-Identifier: BSD-3-Clause
// How limits are written: "10Mb/s@50ms" as in xl-network-configuration(5), and plain numbers of operations.
#pragma once

#include "libchaos/config/devices.hpp"

namespace chaos::config {

/// Sets bytes_per_second, and interval_us if the text says one: a number, G, M or K (powers of 1000), `B` bytes or `b` bits,
/// "/s"; then maybe '@' and a number of `us`, `ms` or `s`.
Result<void> parse_rate(std::string_view text, RateLimit& rate);

/// Sets operations_per_second from a number.
Result<void> parse_operations(std::string_view text, RateLimit& rate);

/// Whether the interval is one that can be kept.
Result<void> check_rate(const RateLimit& rate);

} // namespace chaos::config
