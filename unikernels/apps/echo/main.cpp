// SPDX-License-Identifier: BSD-3-Clause
// Load for networks: echo (port 7), discard (9) and chargen (19). Addresses as in daytime. With large frames and windows it
// needs 4 MiB of RAM; with less it does with small ones.
#include "network.hpp"
#include "services.hpp"

using namespace unikernel;

void unikernel::app_main(const BootInfo& boot) {
    constexpr std::uint64_t enough = 4'000 * kibibyte;
    net::start(boot, boot.ram_bytes() >= enough ? net::fast : net::Options{});
    start_echo();
    start_discard();
    if (boot.ram_bytes() >= enough) {
        start_chargen();
    }
    ready();
    net::run();
}
