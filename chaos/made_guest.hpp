// SPDX-License-Identifier: BSD-3-Clause
// A guest that was made, by this program or by chaosd, and what is told of it.
#pragma once

#include <vector>

#include "libchaos/domain/create.hpp"

namespace chaos::cli {

struct MadeGuest {
    CreatedGuest guest;
    bool by_daemon = false;
    bool hit = false; ///< in a shell of a pool
    std::string pool; ///< the flavour of the pool that suits, or empty
    std::uint64_t queued_us = 0;
    std::uint64_t total_us = 0;
};

/// Prints {"guests": [{name, id, uuid, hit, pool, queued_us, prepare_us, execute_us, ready_us, total_us}]}.
Result<void> print_made(const std::vector<MadeGuest>& made);

/// Says on standard error where its time went.
void say_what_was_done(const MadeGuest& made);

} // namespace chaos::cli
