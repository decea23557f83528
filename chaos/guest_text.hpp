// SPDX-License-Identifier: BSD-3-Clause
// A domain's state in words, and as the letters and rows that users of xl and their scripts expect.
#pragma once

#include <array>
#include <string>

#include "libchaos/domain/query.hpp"

namespace chaos::cli {

/// The heading of `list`, with its line end.
extern const char* const list_heading;
/// One row of `list`, with its line end. A domain without a name is shown as "-".
std::string list_row(const GuestInfo& guest);

/// Six places r b p s c d (running, blocked, paused, shut down, crashed, dying), '-' where it does not hold.
std::string state_letters(const xen::DomainInfo& domain);
/// The state that decides what can be done: dying, crashed, shutdown, paused, running, blocked, or idle (none
/// of them).
const char* state_word(const xen::DomainInfo& domain);
const char* word_of(xen::ShutdownReason reason);

} // namespace chaos::cli
