// SPDX-License-Identifier: BSD-3-Clause
// Kinds of Errors by name, as they travel between xendevd and chaos.
#pragma once

#include <optional>
#include <string_view>

#include "libchaos/result.hpp"

namespace chaos::devices {

std::string_view name_of(ErrorKind kind); ///< "not_found"
std::optional<ErrorKind> error_kind(std::string_view name);

} // namespace chaos::devices
