// SPDX-License-Identifier: BSD-3-Clause
// What the build makes of the table of verbs besides the program.
#pragma once

#include <string>

namespace chaos::cli {

/// The completion script for bash.
std::string bash_completion();
/// The manual chaos(1), in scdoc(5)'s language.
std::string manual();

} // namespace chaos::cli
