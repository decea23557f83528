// SPDX-License-Identifier: BSD-3-Clause
// What a network card would do for a guest that cannot do it itself: fill in checksums, cut long TCP frames up.
#pragma once

#include <functional>

#include "xendevd/vif/frame.hpp"
#include "xendevd/vif/workspace.hpp"

namespace xendevd {

/// A copy of `frame` with its blank checksum filled in, over the same data but with a head of its own. False if the frame
/// says that its checksum is where it cannot be.
bool fill_in_checksum(const Frame& frame, Workspace& workspace, Frame& finished);

/// Calls `emit` for each of the segments that `frame` is to be cut into; with their checksums blank, or else filled in.
/// False if the frame's headers do not allow it.
bool cut_into_segments(const Frame& frame, Workspace& workspace, bool leave_checksums_blank,
                       const std::function<void(const Frame&)>& emit);

} // namespace xendevd
