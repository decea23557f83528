// SPDX-License-Identifier: BSD-3-Clause
// The console ring's arithmetic, for every position of its indices and for indices that make no sense.
#include "libchaos/xen/console_ring.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/fakes/headers.hpp"

extern "C" {
#include <xen/io/console.h>
}

namespace chaos::xen {
namespace {

class ConsoleRingTest : public testing::Test {
  protected:
    std::byte* page() { return reinterpret_cast<std::byte*>(&ring); }
    void guest_writes(std::string_view text) {
        for (const char character : text)
            ring.out[ring.out_prod++ % sizeof ring.out] = character;
    }
    std::string guest_reads() {
        std::string text;
        while (ring.in_cons != ring.in_prod)
            text += ring.in[ring.in_cons++ % sizeof ring.in];
        return text;
    }

    xencons_interface ring{};
};

TEST_F(ConsoleRingTest, carries_text_both_ways_from_every_position) {
    std::string text(700, '\0');
    for (std::size_t at = 0; at < text.size(); ++at)
        text[at] = static_cast<char>('a' + at % 26);
    for (int start = -3000; start < 3000; start += 7) { // across the end of the 32-bit index
        ring.out_cons = ring.out_prod = ring.in_cons = ring.in_prod = static_cast<std::uint32_t>(start);
        guest_writes(text);
        ASSERT_EQ(peek_console_ring(page()), text) << start;
        ASSERT_EQ(read_console_ring(page()), text) << start;
        ASSERT_EQ(read_console_ring(page()), "");
        ASSERT_EQ(write_console_ring(page(), text), text.size());
        ASSERT_EQ(guest_reads(), text) << start;
    }
}

TEST_F(ConsoleRingTest, peeking_takes_nothing) {
    guest_writes("text");
    EXPECT_EQ(peek_console_ring(page()), "text");
    EXPECT_EQ(ring.out_cons, 0u);
    EXPECT_EQ(read_console_ring(page()), "text");
}

TEST_F(ConsoleRingTest, keeps_its_bounds_whatever_the_indices_are) {
    std::mt19937 random(1);
    const auto index = [&] {
        const std::uint32_t interesting[] = {0,    1,    1023,       1024,       1025,      2047,
                                             2048, 2049, 0x7fffffff, 0x80000000, 0xffffffff};
        return random() % 2 ? random() : interesting[random() % std::size(interesting)];
    };
    const std::string input(5000, 'i');
    for (int round = 0; round < 20'000; ++round) {
        ring.in_cons = index();
        ring.in_prod = index();
        ring.out_cons = index();
        ring.out_prod = index();
        const std::uint32_t filled = ring.out_prod - ring.out_cons;
        const std::uint32_t used = ring.in_prod - ring.in_cons;
        ASSERT_EQ(peek_console_ring(page()).size(), filled <= sizeof ring.out ? filled : 0);
        ASSERT_EQ(read_console_ring(page()).size(), filled <= sizeof ring.out ? filled : 0);
        ASSERT_EQ(ring.out_cons, ring.out_prod) << "a ring that made no sense starts anew";
        ASSERT_EQ(write_console_ring(page(), input), used <= sizeof ring.in ? sizeof ring.in - used : 0);
    }
}

TEST_F(ConsoleRingTest, writes_nothing_beside_the_ring) {
    alignas(8) std::array<std::byte, 3 * 4096> pages;
    std::memset(pages.data(), 0x5a, pages.size());
    auto* middle = new (pages.data() + 4096) xencons_interface{};
    middle->in_prod = middle->in_cons = 1000;
    EXPECT_EQ(write_console_ring(pages.data() + 4096, std::string(3000, 'x')), sizeof middle->in);
    for (std::size_t at = 0; at < pages.size(); ++at) {
        if (at < 4096 || at >= 4096 + sizeof(xencons_interface)) {
            ASSERT_EQ(pages[at], std::byte{0x5a}) << at;
        }
    }
    EXPECT_EQ(std::string(middle->out, 4), std::string(4, '\0')) << "the guest's output is the guest's";
}

} // namespace
} // namespace chaos::xen
