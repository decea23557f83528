// SPDX-License-Identifier: BSD-3-Clause
// What a back-end does unless its kind does something else.
#include "xendevd/backend.hpp"

namespace xendevd {

chaos::Result<std::function<void()>> Backend::settle(const VifSettings&) {
    return chaos::Error(chaos::ErrorKind::invalid_argument, "a device of this kind is never another one");
}

} // namespace xendevd
