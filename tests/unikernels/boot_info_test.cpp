// SPDX-License-Identifier: BSD-3-Clause
// What a guest makes of its start info, and which start infos it refuses.
#include <gtest/gtest.h>

#include "guest_memory.hpp"

namespace {

TEST(BootInfo, copies_what_a_toolstack_wrote) {
    GuestMemory memory;
    memory.set_command_line("one two");
    const auto& boot = memory.read();
    EXPECT_EQ(boot.command_line(), "one two");
    EXPECT_EQ(boot.ram_bytes(), GuestMemory::base);
    ASSERT_EQ(boot.modules().size(), 1u);
    EXPECT_EQ(boot.modules()[0].begin, GuestMemory::device_page);
    EXPECT_TRUE(boot.overlaps_ram({GuestMemory::base - 1, GuestMemory::base}));
    EXPECT_FALSE(boot.overlaps_ram({GuestMemory::base, GuestMemory::base + 1}));
}

TEST(BootInfo, names_the_pages_of_its_tables) {
    GuestMemory memory;
    for (const auto& table : memory.read().tables()) {
        EXPECT_EQ(table.begin, GuestMemory::start_info);
        EXPECT_EQ(table.end, GuestMemory::start_info + 4096);
    }
}

TEST(BootInfo, finds_options_as_whole_words_only) {
    GuestMemory memory;
    memory.set_command_line("early stack-trace  null");
    const auto& boot = memory.read();
    EXPECT_TRUE(boot.has_option("early"));
    EXPECT_TRUE(boot.has_option("stack-trace"));
    EXPECT_TRUE(boot.has_option("null"));
    EXPECT_FALSE(boot.has_option("stack"));
    EXPECT_FALSE(boot.has_option("trace"));
    EXPECT_FALSE(boot.has_option("nul"));
}

TEST(BootInfo, without_a_command_line_has_an_empty_one) {
    GuestMemory memory;
    memory.info().cmdline_paddr = 0;
    EXPECT_EQ(memory.read().command_line(), "");
    EXPECT_FALSE(memory.read().has_option("early"));
}

TEST(BootInfo, cuts_a_command_line_without_end) {
    GuestMemory memory;
    memory.set_command_line(std::string(4000, 'x'));
    EXPECT_EQ(memory.read().command_line().size(), 2048u);
}

TEST(BootInfo, first_free_address_lies_beyond_ram_and_all_that_adjoins) {
    GuestMemory memory;
    EXPECT_EQ(memory.read().first_free_address(), GuestMemory::base + GuestMemory::size);

    memory.info().memmap_entries = 4;
    memory.memory_map()[2] = {0x100000000, 0x40000000, XEN_HVM_MEMMAP_TYPE_RAM,
                              0}; // above 4 GiB: of no interest
    memory.memory_map()[3] = {GuestMemory::base + GuestMemory::size, 0x1001, XEN_HVM_MEMMAP_TYPE_ACPI, 0};
    EXPECT_EQ(memory.read().first_free_address(), GuestMemory::base + GuestMemory::size + 0x2000);
}

TEST(BootInfo, drops_ranges_that_wrap_around) {
    GuestMemory memory;
    memory.info().memmap_entries = 4;
    memory.memory_map()[2] = {0xfffffffffffff000, 0x2000, XEN_HVM_MEMMAP_TYPE_RAM, 0};
    memory.memory_map()[3] = {0x1000, 0, XEN_HVM_MEMMAP_TYPE_RAM, 0};
    EXPECT_EQ(memory.read().memory_map().size(), 2u);
}

/// Applies `spoil` to a good start info and expects that it is refused.
template<typename Spoil>
void expect_refused(const char* why, Spoil spoil) {
    GuestMemory memory;
    spoil(memory);
    EXPECT_THROW(memory.read(), GuestPanic) << why;
}

TEST(BootInfo, refuses_what_makes_no_sense) {
    expect_refused("no magic", [](auto& memory) { memory.info().magic ^= 1; });
    expect_refused("version 0 has no memory map", [](auto& memory) { memory.info().version = 0; });
    expect_refused("empty memory map", [](auto& memory) { memory.info().memmap_entries = 0; });
    expect_refused("memory map too long", [](auto& memory) { memory.info().memmap_entries = 33; });
    expect_refused("longest possible", [](auto& memory) { memory.info().memmap_entries = 0xffffffff; });
    expect_refused("too many modules", [](auto& memory) { memory.info().nr_modules = 9; });
    expect_refused("null map", [](auto& memory) { memory.info().memmap_paddr = 0; });
    expect_refused("map over the kernel", [](auto& memory) { memory.info().memmap_paddr = 0xfff8; });
    expect_refused("map above 4 GiB", [](auto& memory) { memory.info().memmap_paddr = 0x100000000; });
    expect_refused("map misaligned", [](auto& memory) { memory.info().memmap_paddr += 4; });
    expect_refused("map wraps", [](auto& memory) { memory.info().memmap_paddr = ~0ull - 7; });
    expect_refused("null module list", [](auto& memory) { memory.info().modlist_paddr = 0; });
    expect_refused("command line over the kernel", [](auto& memory) { memory.info().cmdline_paddr = 0x100; });
    expect_refused("module over the kernel", [](auto& memory) { memory.modules()[0].paddr = 0xf000; });
}

} // namespace
