// SPDX-License-Identifier: BSD-3-Clause
// The first phase of a creation: everything that does not depend on which guest it will be.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"

namespace chaos {

/// Makes a paused domain `id` with the handle `uuid` for `flavour`. On failure nothing is left of it. Fails
/// with system_errno() EEXIST if the id is in use; with out_of_memory if host memory does not suffice.
///
/// `kernel`, if it is known already, is what execute() will load: a small one is mapped here together with
/// the special pages, which saves a mapping later. Any other kernel can be executed in the shell as well.
/// `stop_fd` as in CreateOptions.
Result<Shell> prepare(Host& host, DomainId id, const Uuid& uuid, const Flavour& flavour,
                      const KernelHeaders* kernel = nullptr, int stop_fd = -1);

/// Takes back what the domain's paging pool has beyond its flavour's need: Xen gives each domain 1 MiB.
/// Nobody has to wait for it, so whoever is in a hurry calls it once the guest runs. A pool that cannot
/// shrink stays as it is, which harms nobody.
void trim_paging_pool(Host& host, const Shell& shell);

/// Fails with ErrorKind::interrupted if `stop_fd` (-1 for none) is readable.
Result<void> check_stop(int stop_fd);

} // namespace chaos
