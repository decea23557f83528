// SPDX-License-Identifier: BSD-3-Clause
// Where the special pages and the rest of RAM lie in guests of different sizes.
#include "libchaos/domain/memory_layout.hpp"

#include <gtest/gtest.h>

namespace chaos {
namespace {

constexpr std::uint64_t kib_per_page = 4;
constexpr std::uint64_t gib_in_kib = 1 << 20;
constexpr std::uint64_t gib_in_pages = gib_in_kib / kib_per_page;

TEST(MemoryLayout, special_pages_are_the_top_of_a_guest_of_up_to_1_gib) {
    for (const std::uint64_t kib : {std::uint64_t{256}, std::uint64_t{4096}, gib_in_kib}) {
        const MemoryLayout layout(kib);
        EXPECT_EQ(layout.special_end().number, kib / kib_per_page);
        EXPECT_EQ(layout.low_pages(), kib / kib_per_page);
        EXPECT_EQ(layout.high_pages(), 0u);
    }
}

TEST(MemoryLayout, special_pages_of_larger_guests_end_at_1_gib) {
    for (const std::uint64_t kib : {gib_in_kib + kib_per_page, 3 * gib_in_kib, 100 * gib_in_kib})
        EXPECT_EQ(MemoryLayout(kib).special_end().number, gib_in_pages);
}

TEST(MemoryLayout, special_pages_are_distinct_and_end_where_they_end) {
    const MemoryLayout layout(64 * gib_in_kib);
    EXPECT_EQ(layout.acpi(), layout.special_start());
    EXPECT_LT(layout.acpi(), layout.console());
    EXPECT_LT(layout.console(), layout.system());
    EXPECT_LT(layout.system(), layout.device_page());
    EXPECT_LT(layout.device_page(), layout.start_info());
    EXPECT_EQ(layout.start_info() + 1, layout.special_end());
}

TEST(MemoryLayout, memory_beyond_3_gib_continues_at_4_gib) {
    EXPECT_EQ(MemoryLayout(3 * gib_in_kib).high_pages(), 0u);
    const MemoryLayout layout(3 * gib_in_kib + kib_per_page);
    EXPECT_EQ(layout.low_pages(), 3 * gib_in_pages);
    EXPECT_EQ(layout.high_pages(), 1u);
    EXPECT_EQ(layout.total_pages(), 3 * gib_in_pages + 1);
    EXPECT_EQ(MemoryLayout::high_start.number, 4 * gib_in_pages);
}

TEST(MemoryLayout, control_pages_lie_below_what_every_guest_has) {
    const MemoryLayout without(4096);
    const MemoryLayout layout(4096, 3);
    EXPECT_EQ(layout.special_pages(), 8u);
    EXPECT_EQ(layout.special_start() + 3, without.special_start());
    EXPECT_EQ(layout.control_page(0), layout.special_start());
    EXPECT_EQ(layout.control_page(2) + 1, layout.acpi());
    // A running guest's pages are found without knowing how many devices it was made with.
    EXPECT_EQ(layout.device_page(), without.device_page());
    EXPECT_EQ(layout.system(), without.system());
    EXPECT_EQ(layout.window(), without.window());
}

TEST(MemoryLayout, window_begins_where_low_ram_ends) {
    EXPECT_EQ(MemoryLayout(4096).window().number, 1024u);
    EXPECT_EQ(MemoryLayout(4096).window(7).number, 1031u);
    EXPECT_EQ(MemoryLayout(100 * gib_in_kib).window().number, 3 * gib_in_pages);
}

TEST(MemoryLayout, more_control_pages_than_memory_leave_no_room) {
    EXPECT_TRUE(MemoryLayout(256, 58).has_room());
    EXPECT_FALSE(MemoryLayout(256, 59).has_room());
    EXPECT_FALSE(MemoryLayout(256, 124).has_room());
    EXPECT_EQ(MemoryLayout(256, 124).special_start().number, 0u);
}

} // namespace
} // namespace chaos
