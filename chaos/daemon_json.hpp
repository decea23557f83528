// SPDX-License-Identifier: BSD-3-Clause
// Answers of chaosd, as the verbs that show them read them.
#pragma once

#include <cstdint>
#include <string>

#include "chaos/daemon_client.hpp"
#include "chaos/json.hpp"

namespace chaos::cli {

/// The answer, an object; if `list` is not null, one with a member of that name, an array of objects.
Result<Json> read_answer(const std::string& answer, const char* list);

/// What is at `target`; `list` as above.
Result<Json> fetch(DaemonClient& client, const std::string& target, const char* list = nullptr);
/// The same for one thing, as the only element of a list.
Result<Json> fetch_as_list(DaemonClient& client, const std::string& target, const char* list);

/// A member that is text, or an empty one.
std::string text_in(const Json& object, const char* key);
/// A member that is a number from 0 on, or 0.
std::uint64_t number_in(const Json& object, const char* key);

} // namespace chaos::cli
