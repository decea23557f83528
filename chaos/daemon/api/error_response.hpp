// SPDX-License-Identifier: BSD-3-Clause
// How failures are told over HTTP.
#pragma once

#include "chaos/daemon/api/message.hpp"
#include "libchaos/result.hpp"

namespace chaos::daemon::api {

/// The status of a failure that has no better one.
unsigned status_of(ErrorKind kind);

/// {"error":{"kind":…,"message":…,"advice":…},"fault_message":…}; the latter is what clients of Firecracker look for.
Response error_response(unsigned status, const Error& error);
Response error_response(const Error& error);

} // namespace chaos::daemon::api
