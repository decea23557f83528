// SPDX-License-Identifier: BSD-3-Clause
// The table of verbs as text for a terminal.
#pragma once

#include <string>

#include "chaos/verb.hpp"

namespace chaos::cli {

/// "chaos create [-n N] [-p] … FILE [KEY=VALUE...]"
std::string usage_of(const Verb& verb);
/// "-n, --nr-doms N", "    --wait[=SECONDS]"
std::string spelling_of(const Option& option);

/// What `chaos help` prints.
std::string overview();
/// What `chaos help VERB` prints.
std::string help_of(const Verb& verb);

/// `text` in lines of at most 80 columns, each begun with `indent` blanks.
std::string wrapped(std::string_view text, std::size_t indent);

} // namespace chaos::cli
