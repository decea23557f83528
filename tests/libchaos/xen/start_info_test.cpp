// SPDX-License-Identifier: BSD-3-Clause
// The start info page: what a PVH kernel is told, read back as a kernel reads it.
#include "libchaos/xen/start_info.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "libchaos/config/guest_config.hpp"
#include "tests/fakes/headers.hpp"

extern "C" {
#include <xen/arch-x86/hvm/start_info.h>
}

namespace chaos::xen {
namespace {

constexpr std::uint64_t address = 0x3ff000;

class StartInfoTest : public testing::Test {
  protected:
    StartInfoTest() { std::memset(page.data(), 0xa5, page.size()); }

    template<typename T>
    T at(std::uint64_t physical) const {
        T value;
        EXPECT_GE(physical, address);
        EXPECT_LE(physical + sizeof value, address + page_size);
        std::memcpy(&value, page.data() + (physical - address), sizeof value);
        return value;
    }
    hvm_start_info info() const { return at<hvm_start_info>(address); }

    std::array<std::byte, page_size> page;
};

TEST_F(StartInfoTest, says_all_it_was_told) {
    const std::array<StartModule, 2> modules{{{0x1000, 5000}, {0x3fe000, 4096}}};
    const std::array<MemoryRange, 3> memory{{{0, 0x3fb000, MemoryKind::ram},
                                             {0x3fb000, 0x5000, MemoryKind::reserved},
                                             {4ull << 30, 1 << 20, MemoryKind::acpi}}};
    ASSERT_TRUE(write_start_info(page.data(), address, {modules, memory, "a b", 0x3fb000}));

    EXPECT_EQ(info().magic, std::uint32_t{XEN_HVM_START_MAGIC_VALUE});
    EXPECT_EQ(info().version, 1u);
    EXPECT_EQ(info().flags, 0u);
    EXPECT_EQ(info().rsdp_paddr, 0x3fb000u);
    ASSERT_EQ(info().nr_modules, 2u);
    ASSERT_EQ(info().memmap_entries, 3u);
    EXPECT_EQ(info().modlist_paddr % 8, 0u);
    EXPECT_EQ(info().memmap_paddr % 8, 0u);
    for (std::size_t index = 0; index < modules.size(); ++index) {
        const auto module = at<hvm_modlist_entry>(info().modlist_paddr + index * sizeof(hvm_modlist_entry));
        EXPECT_EQ(module.paddr, modules[index].address);
        EXPECT_EQ(module.size, modules[index].size);
        EXPECT_EQ(module.cmdline_paddr, 0u);
    }
    for (std::size_t index = 0; index < memory.size(); ++index) {
        const auto entry =
            at<hvm_memmap_table_entry>(info().memmap_paddr + index * sizeof(hvm_memmap_table_entry));
        EXPECT_EQ(entry.addr, memory[index].address);
        EXPECT_EQ(entry.size, memory[index].size);
        EXPECT_EQ(entry.type, static_cast<std::uint32_t>(memory[index].kind));
        EXPECT_EQ(entry.reserved, 0u);
    }
    EXPECT_EQ((at<std::array<char, 4>>(info().cmdline_paddr)), (std::array<char, 4>{'a', ' ', 'b', '\0'}));
}

TEST_F(StartInfoTest, says_nothing_of_modules_where_there_are_none) {
    ASSERT_TRUE(write_start_info(page.data(), address, {}));
    EXPECT_EQ(info().nr_modules, 0u);
    EXPECT_EQ(info().modlist_paddr, 0u);
    EXPECT_EQ(at<char>(info().cmdline_paddr), '\0');
}

TEST_F(StartInfoTest, leaves_nothing_of_what_was_in_the_page) {
    ASSERT_TRUE(write_start_info(page.data(), address, {{}, {}, "x", 0}));
    EXPECT_EQ(std::count(page.begin(), page.end(), std::byte{0xa5}), 0);
}

TEST_F(StartInfoTest, holds_the_longest_command_line) {
    const std::string longest(maximum_command_line, 'x');
    ASSERT_TRUE(write_start_info(page.data(), address, {{}, {}, longest, 0}));
    EXPECT_EQ(at<char>(info().cmdline_paddr + longest.size() - 1), 'x');
    EXPECT_EQ(at<char>(info().cmdline_paddr + longest.size()), '\0');
}

TEST_F(StartInfoTest, refuses_what_does_not_fit) {
    const std::string too_long(maximum_command_line + 1, 'x');
    const std::array<StartModule, 3> too_many_modules{};
    const std::array<MemoryRange, 9> too_many_ranges{};
    EXPECT_EQ(write_start_info(page.data(), address, {{}, {}, too_long, 0}).error().kind(),
              ErrorKind::invalid_argument);
    EXPECT_EQ(write_start_info(page.data(), address, {too_many_modules, {}, {}, 0}).error().kind(),
              ErrorKind::invalid_argument);
    EXPECT_EQ(write_start_info(page.data(), address, {{}, too_many_ranges, {}, 0}).error().kind(),
              ErrorKind::invalid_argument);
}

} // namespace
} // namespace chaos::xen
