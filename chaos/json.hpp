// SPDX-License-Identifier: BSD-3-Clause
// The shapes of what --json prints: guests, configurations and failures as members of one object per call.
#pragma once

#include <nlohmann/json.hpp>

#include "libchaos/domain/query.hpp"
#include "libchaos/result.hpp"

namespace chaos::cli {

using Json = nlohmann::ordered_json; // members in the order a reader wants them

/// {kind, message, advice}
Json json_of(const Error& error);
/// {name, id, uuid, …}: one row of `list --json`.
Json json_of(const GuestInfo& guest);
/// The configuration, in the form that the API of chaosd takes.
Json json_of(const GuestConfig& config);
/// What `xl list -l` prints of a domain, as far as chaos knows it: {domid, config: {c_info, b_info}}.
Json xl_json_of(const GuestInfo& guest);

/// Prints the document and a line end.
Result<void> print_json(const Json& document, int indent = 2);

} // namespace chaos::cli
