// SPDX-License-Identifier: BSD-3-Clause
// Several guests of one configuration: NAME-1, NAME-2, ...
#pragma once

#include "libchaos/config/guest_config.hpp"

namespace chaos {

/// Whether several guests can be made of one configuration: none may have a MAC address of its own choosing, nor write to
/// a disk. Fails with invalid_config, saying what to do.
Result<void> check_repeatable(const GuestConfig& config);

/// Whether `count` guests, more than one, can be numbered: their names are not too long, and none has a UUID of its own
/// choosing. Fails with invalid_config or invalid_argument.
Result<void> check_numbers(const GuestConfig& config, unsigned count);

/// The name of guest `number`, from 1.
std::string numbered_name(const std::string& name, unsigned number);

} // namespace chaos
