// SPDX-License-Identifier: BSD-3-Clause
// Rows and states of `list`. Cluster managers read these columns: they are an interface.
#include "chaos/guest_text.hpp"

#include "chaos/output.hpp"

namespace chaos::cli {

const char* const list_heading =
    "Name                                        ID   Mem VCPUs\tState\tTime(s)\n";

std::string list_row(const GuestInfo& guest) {
    const xen::DomainInfo& domain = guest.domain;
    const std::string name = guest.shell ? "(shell)" : guest.name().empty() ? "-" : guest.name();
    return format("%-40s %5d %5lu %5d     %s  %8.1f\n", name.c_str(), raw(domain.id),
                  static_cast<unsigned long>(domain.memory_kib / 1024), static_cast<int>(domain.vcpus),
                  state_letters(domain).c_str(), static_cast<double>(domain.cpu_time_ns) / 1e9);
}

std::string state_letters(const xen::DomainInfo& domain) {
    std::string letters = "------";
    if (domain.running)
        letters[0] = 'r';
    if (domain.blocked)
        letters[1] = 'b';
    if (domain.paused)
        letters[2] = 'p';
    if (domain.shutdown)
        letters[3] = 's';
    if (domain.shutdown && domain.shutdown_reason == xen::ShutdownReason::crash)
        letters[4] = 'c';
    if (domain.dying)
        letters[5] = 'd';
    return letters;
}

const char* state_word(const xen::DomainInfo& domain) {
    if (domain.dying)
        return "dying";
    if (domain.shutdown)
        return domain.shutdown_reason == xen::ShutdownReason::crash ? "crashed" : "shutdown";
    if (domain.paused)
        return "paused";
    if (domain.running)
        return "running";
    return domain.blocked ? "blocked" : "idle";
}

const char* word_of(xen::ShutdownReason reason) {
    switch (reason) {
    case xen::ShutdownReason::poweroff:
        return "poweroff";
    case xen::ShutdownReason::reboot:
        return "reboot";
    case xen::ShutdownReason::suspend:
        return "suspend";
    case xen::ShutdownReason::crash:
        return "crash";
    case xen::ShutdownReason::watchdog:
        return "watchdog";
    case xen::ShutdownReason::soft_reset:
        return "soft_reset";
    }
    return "unknown";
}

} // namespace chaos::cli
