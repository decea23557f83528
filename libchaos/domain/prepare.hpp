// SPDX-License-Identifier: BSD-3-Clause
// The first phase of a creation: everything that does not depend on which guest it will be.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"

namespace chaos {

/// Makes a paused domain `id` with the handle `uuid` for `flavour`. On failure nothing is left of it. Fails
/// with system_errno() EEXIST if the id is in use; with out_of_memory if host memory does not suffice.
/// `stop_fd` as in CreateOptions.
Result<Shell> prepare(Host& host, DomainId id, const Uuid& uuid, const Flavour& flavour, int stop_fd = -1);

/// Fails with ErrorKind::interrupted if `stop_fd` (-1 for none) is readable.
Result<void> check_stop(int stop_fd);

} // namespace chaos
