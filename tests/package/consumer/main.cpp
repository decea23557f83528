// SPDX-License-Identifier: BSD-3-Clause
// The smallest program over the installed library: it reads a configuration and would make the guest.
#include <cstdio>

#include <libchaos/domain/create.hpp>
#include <libchaos/domain/lifecycle.hpp>
#include <noxs/noxs.h>

static chaos::Result<chaos::CreatedGuest> make(const chaos::GuestConfig& config) {
    chaos::Host host = TRY(chaos::Host::open());
    const chaos::Kernel kernel = TRY(chaos::Kernel::open(config.kernel));
    return chaos::create(host, config, kernel, {});
}

int main() {
    const auto config = chaos::parse_guest_config("name='web'\nkernel='/nowhere/web'\nmemory=4\n", "example", {});
    if (!config || config->memory_kib != 4096)
        return 1;
    // There is no such kernel, on Xen or not: the error is the expected end.
    const auto made = make(*config);
    std::printf("%s\n", made ? "made" : made.error().story().c_str());
    return made ? 1 : 0;
}
