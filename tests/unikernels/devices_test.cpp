// SPDX-License-Identifier: BSD-3-Clause
// Which entries of a device page a guest believes.
#include <gtest/gtest.h>

#include "guest_memory.hpp"
#include "unikernels/runtime/devices.hpp"

namespace {

using unikernel::find_device;

TEST(Devices, are_found_by_type_and_id) {
    GuestMemory memory;
    memory.read();
    const auto system = find_device(NOXS_DEVICE_SYSTEM);
    ASSERT_TRUE(system);
    EXPECT_EQ(system->control_page, reinterpret_cast<void*>(GuestMemory::system));
    EXPECT_EQ(system->port, 1u);
    const auto console = find_device(NOXS_DEVICE_CONSOLE);
    ASSERT_TRUE(console);
    EXPECT_EQ(console->control_page, reinterpret_cast<void*>(GuestMemory::console));
    EXPECT_FALSE(find_device(NOXS_DEVICE_CONSOLE, 1));
}

TEST(Devices, are_found_behind_empty_and_unknown_entries) {
    GuestMemory memory;
    memory.devices().header.entry_count = 4;
    memory.devices().entries[3] = memory.devices().entries[1];
    memory.devices().entries[3].id = 1;
    memory.devices().entries[1].type = NOXS_DEVICE_NONE;
    memory.devices().entries[2].type = 77;
    memory.read();
    EXPECT_FALSE(find_device(NOXS_DEVICE_CONSOLE));
    EXPECT_TRUE(find_device(NOXS_DEVICE_CONSOLE, 1));
}

TEST(Devices, entry_count_beyond_the_page_is_cut) {
    GuestMemory memory;
    memory.devices().header.entry_count = 65535;
    memory.devices().entries[125] = memory.devices().entries[1];
    memory.devices().entries[125].id = 5;
    memory.read();
    EXPECT_TRUE(find_device(NOXS_DEVICE_CONSOLE, 5));
    EXPECT_FALSE(find_device(NOXS_DEVICE_CONSOLE, 6));
}

/// Applies `spoil` to a good device page and expects that the console is no longer found.
template<typename Spoil>
void expect_none(const char* why, Spoil spoil) {
    GuestMemory memory;
    spoil(memory);
    memory.read();
    EXPECT_FALSE(find_device(NOXS_DEVICE_CONSOLE)) << why;
}

TEST(Devices, are_refused_when_they_make_no_sense) {
    expect_none("no module", [](auto& memory) { memory.info().nr_modules = 0; });
    expect_none("no magic", [](auto& memory) { memory.devices().header.magic = 0; });
    expect_none("another major", [](auto& memory) { memory.devices().header.version_major = 2; });
    expect_none("a ramdisk", [](auto& memory) { memory.modules()[0].size = 8192; });
    expect_none("page misaligned", [](auto& memory) { memory.modules()[0].paddr += 8; });
    expect_none("page in RAM", [](auto& memory) { memory.modules()[0].paddr = 0x100000; });
    expect_none("no entries", [](auto& memory) { memory.devices().header.entry_count = 0; });
    expect_none("port 0", [](auto& memory) { memory.devices().entries[1].event_channel = 0; });
    expect_none("port 4096", [](auto& memory) { memory.devices().entries[1].event_channel = 4096; });
    expect_none("page 0", [](auto& memory) { memory.devices().entries[1].control_gfn = 0; });
    expect_none("control page in RAM", [](auto& memory) { memory.devices().entries[1].control_gfn = 0x100; });
    expect_none("frame wraps", [](auto& memory) { memory.devices().entries[1].control_gfn = ~0ull; });
}

} // namespace
