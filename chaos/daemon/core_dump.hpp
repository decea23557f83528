// SPDX-License-Identifier: BSD-3-Clause
// The memory of a guest that has crashed, written to a file.
#pragma once

#include <string>

#include "libchaos/domain/query.hpp"

namespace chaos::daemon {

/// Writes DIRECTORY/NAME-TIME.core, in the form of `xl dump-core`, and returns its path. There is never a half-written file
/// of that name. Leaves a tenth of the file system free; fails with ErrorKind::system if the file does not fit then.
Result<std::string> dump_core(Host& host, const GuestInfo& guest, const std::string& directory);

} // namespace chaos::daemon
