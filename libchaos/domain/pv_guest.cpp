// SPDX-License-Identifier: BSD-3-Clause
// Building paravirtual guests.
#include "libchaos/domain/pv_guest.hpp"

namespace chaos {

Result<void> load_pv(Host&, Shell&, const GuestConfig&, const Kernel& kernel) {
    return Error(ErrorKind::invalid_config, "paravirtual guests are not supported yet")
        .while_doing("loading kernel " + kernel.path())
        .advise("Use type=\"pvh\".");
}

} // namespace chaos
