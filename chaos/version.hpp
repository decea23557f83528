// SPDX-License-Identifier: BSD-3-Clause
// Which chaos this is, and for which Xen it was built; both set by the build.
#pragma once

#include <string>

namespace chaos::cli {

inline constexpr const char* version = CHAOS_VERSION;
inline constexpr const char* built_for_xen = CHAOS_BUILT_FOR_XEN;

/// One line for people, with its line end.
std::string version_line();

} // namespace chaos::cli
