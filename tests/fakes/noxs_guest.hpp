// SPDX-License-Identifier: BSD-3-Clause
// A guest that speaks noxs (docs/noxs.md), played from the test: it boots from what the toolstack left in its
// registers and memory, and from nothing else.
#pragma once

#include <string>
#include <vector>

#include "noxs/noxs.h"
#include "tests/fakes/xen.hpp"

namespace chaos::fakes {

struct Range {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint32_t type = 0; ///< of memory map entries

    friend bool operator==(const Range&, const Range&) = default;
};
std::ostream& operator<<(std::ostream& out, const Range& range);

/// What a PVH guest sees when it is entered.
struct BootView {
    std::uint64_t rip = 0;
    std::uint64_t rbx = 0;
    std::uint64_t cr0 = 0;
    std::uint64_t rflags = 0;
    std::uint32_t cs_limit = 0;
    std::uint32_t cs_attributes = 0;
    std::uint32_t ds_attributes = 0;
    std::uint32_t magic = 0;
    std::uint32_t version = 0;
    std::uint64_t acpi_root_pointer = 0;
    std::string command_line;
    std::vector<Range> modules;
    std::vector<Range> memory;
};

/// Parses the domain's save records and, from where EBX points, its start info.
BootView boot_view(Xen& xen, const Domain& domain);

/// The device page, found as a guest finds it: the last module.
noxs_device_page device_page(Xen& xen, const Domain& domain);

/// Plays every domain that is let run. Change what it does before it is started or asked.
class NoxsGuest {
  public:
    explicit NoxsGuest(Xen& xen);

    bool says_ready = true;
    std::uint32_t features = NOXS_FEATURE_POWEROFF | NOXS_FEATURE_REBOOT | NOXS_FEATURE_CRASH;
    bool notifies = true; ///< sends an event when it has said something
    std::string says;     ///< on its console, before it says ready
    int stops_with = -1;  ///< a reason to shut down with, right after that
    bool answers = true;  ///< requests
    std::uint32_t answer = NOXS_ANSWER_ACCEPTED;
    bool obeys = true; ///< shuts down after accepting

    std::vector<std::uint32_t> requests; ///< it was sent

    /// The guest's two control pages, for tests that scribble on them.
    noxs_system_page* system_page(const Domain& domain);
    std::byte* console_page(const Domain& domain);

  private:
    void start(Domain& domain);
    void notified(Domain& domain);

    Xen& xen_;
};

} // namespace chaos::fakes
