// SPDX-License-Identifier: BSD-3-Clause
// Xen's own parser of xl.cfg, kept away from the headers of libchaos.
#pragma once

#include <set>
#include <string>

/// The values of `keys` as "KEY<text>" or "KEY[<item>…]" lines, or "refused".
std::string describe_by_xen(const std::string& text, const std::set<std::string>& keys);
