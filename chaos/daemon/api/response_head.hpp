// SPDX-License-Identifier: BSD-3-Clause
// The head of an answer, as HTTP has it.
#pragma once

#include "chaos/daemon/api/message.hpp"

namespace chaos::daemon::api {

/// Everything up to the empty line. A stream is sent in chunks, or if the client knows none until the connection ends.
std::string response_head(const Response& response, bool keep_alive, bool chunks);

} // namespace chaos::daemon::api
