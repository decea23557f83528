// SPDX-License-Identifier: BSD-3-Clause
// What the disks of all guests share: the io_uring, buffers, and how much of guests may stay mapped.
#pragma once

#include <memory>

#include "xendevd/event_loop.hpp"
#include "xendevd/vbd/buffer_pool.hpp"
#include "xendevd/vbd/io_ring.hpp"
#include "xendevd/vbd/persistent_grants.hpp"

namespace xendevd {

struct Engine {
    std::shared_ptr<IoRing> ring; ///< of its own only while it works, when the last disk goes
    BufferPool buffers;
    MappingBudget mappings;

    /// The one of this process: made for the first disk, gone with the last.
    static chaos::Result<std::shared_ptr<Engine>> get(EventLoop& loop);
};

} // namespace xendevd
