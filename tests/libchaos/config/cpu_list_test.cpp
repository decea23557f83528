// SPDX-License-Identifier: BSD-3-Clause
// The CPULIST grammar.
#include "libchaos/config/cpu_list.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace chaos::config {
namespace {

CpuSet cpus(std::initializer_list<std::size_t> numbers) {
    CpuSet set;
    for (const auto number : numbers)
        set.set(number);
    return set;
}

TEST(CpuList, numbers_ranges_and_exclusions) {
    EXPECT_EQ(*parse_cpu_list("5"), cpus({5}));
    EXPECT_EQ(*parse_cpu_list("0-3,5,^1"), cpus({0, 2, 3, 5}));
    EXPECT_EQ(*parse_cpu_list(" 0 , 2\t"), cpus({0, 2}));
    EXPECT_EQ(*parse_cpu_list("3-8,^5-6"), cpus({3, 4, 7, 8}));
    EXPECT_EQ(*parse_cpu_list("0,255"), cpus({0, 255}));
}

TEST(CpuList, all_means_every_cpu) {
    EXPECT_TRUE(parse_cpu_list("all")->all());
    CpuSet but_seven;
    but_seven.set().reset(7);
    EXPECT_EQ(*parse_cpu_list("all,^7"), but_seven);
    EXPECT_TRUE(parse_cpu_list("^7,all")->all()); // from left to right
}

TEST(CpuList, what_is_no_cpu_is_refused) {
    for (const std::string_view text :
         {"", ",", "0,", ",0", "x", "-1", "1-", "0-x", "1 2", "0x1", "0--1", "^", "alle"})
        EXPECT_TRUE(fails_saying(parse_cpu_list(text), {"is no CPU", "0-3,5,^1"})) << text;
    EXPECT_TRUE(fails_saying(parse_cpu_list("3-1"), {"3-1", "backwards"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("256"), {"256", "255"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("0-256"), {"255"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("99999999999999999999"), {"is no CPU"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("^all"), {"^all"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("^1"), {"no CPU is left"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("node:0"), {"NUMA", "not carried out yet"}));
    EXPECT_TRUE(fails_saying(parse_cpu_list("all,^nodes:0-3"), {"NUMA"}));
}

} // namespace
} // namespace chaos::config
