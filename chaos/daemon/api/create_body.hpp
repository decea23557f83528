// SPDX-License-Identifier: BSD-3-Clause
// What a request to make guests asks for.
#pragma once

#include "chaos/daemon/service.hpp"

namespace chaos::daemon::api {

constexpr std::uint32_t most_in_batch = 32'751; ///< Xen has no more domain ids

struct CreateBody {
    CreateRequest request;
    std::uint32_t count = 1;
};

/// {"config":{…},"flavour":…,"paused":…,"wait_ms":…}, and "count" for a batch, where it must be there. Fails with
/// invalid_argument or invalid_config.
Result<CreateBody> read_create_body(const std::string& body, bool batch);

} // namespace chaos::daemon::api
