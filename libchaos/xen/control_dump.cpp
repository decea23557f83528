// SPDX-License-Identifier: BSD-3-Clause
// A domain's memory as a core file, by libxenguest.
#include <cerrno>

#include "libchaos/xen/control.hpp"
#include "libchaos/xen/headers.hpp"

namespace chaos::xen {

namespace {

struct Writing {
    const std::function<Result<void>(std::string_view)>& write;
    Result<void> result;
};

int write_piece(xc_interface*, void* argument, char* bytes, unsigned size) {
    auto& writing = *static_cast<Writing*>(argument);
    if (writing.result)
        writing.result = writing.write({bytes, size});
    return writing.result ? 0 : -1;
}

} // namespace

Result<void> Control::dump_core(DomainId domain, const std::function<Result<void>(std::string_view)>& write) {
    Writing writing{write, {}};
    const int status = xc_domain_dumpcore_via_callback(handle(), raw(domain), &writing, write_piece);
    const int reason = errno;
    if (!writing.result)
        return std::move(writing.result);
    if (status != 0)
        return Error::from_errno("reading the domain's memory", reason);
    return {};
}

} // namespace chaos::xen
