// SPDX-License-Identifier: BSD-3-Clause
// What the C++ library calls instead of throwing.
#include "power.hpp"

namespace std {

[[noreturn]] void __throw_out_of_range_fmt(const char* /*format*/, ...) {
    unikernel::panic("a position beyond the end of a text");
}

} // namespace std
