// SPDX-License-Identifier: BSD-3-Clause
// Guessing what a misspelt word was meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace chaos::cli {

/// The candidate fewest typing slips away from `word`, or empty if none is close enough to be what was meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

} // namespace chaos::cli
