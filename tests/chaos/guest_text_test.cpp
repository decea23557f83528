// SPDX-License-Identifier: BSD-3-Clause
// The columns of list, to the letter: scripts made for `xl list` read them.
#include "chaos/guest_text.hpp"

#include <gtest/gtest.h>

namespace chaos::cli {
namespace {

GuestInfo guest(const std::string& name) {
    GuestInfo info;
    info.domain.id = DomainId{32700};
    info.domain.vcpus = 2;
    info.domain.memory_kib = 4096 * 1024;
    info.domain.cpu_time_ns = 1'234'560'000;
    info.domain.blocked = true;
    if (!name.empty()) {
        info.record.emplace();
        info.record->config.name = name;
    }
    return info;
}

TEST(ListRow, has_the_columns_of_xl) {
    EXPECT_STREQ(list_heading,
                 "Name                                        ID   Mem VCPUs\tState\tTime(s)\n");
    EXPECT_EQ(list_row(guest("web")),
              "web                                      32700  4096     2     -b----       1.2\n");
}

TEST(ListRow, a_long_name_is_not_cut) {
    const std::string name(64, 'n');
    EXPECT_EQ(list_row(guest(name)).substr(0, 70), name + " 32700");
}

TEST(ListRow, a_domain_of_another_tool_has_no_name) {
    EXPECT_EQ(list_row(guest("")).substr(0, 47), "-                                        32700 ");
    GuestInfo dom0 = guest("");
    dom0.domain.id = this_domain;
    EXPECT_EQ(list_row(dom0).substr(0, 46), "Domain-0                                     0");
}

TEST(ListRow, memory_is_told_in_whole_mebibytes) {
    GuestInfo small = guest("web");
    small.domain.memory_kib = 256;
    EXPECT_EQ(list_row(small).substr(46, 6), "     0");
}

TEST(State, each_letter_has_its_place) {
    xen::DomainInfo domain;
    EXPECT_EQ(state_letters(domain), "------");
    domain.running = true;
    EXPECT_EQ(state_letters(domain), "r-----");
    domain.running = false;
    domain.blocked = domain.paused = true;
    EXPECT_EQ(state_letters(domain), "-bp---");
    domain = {};
    domain.shutdown = true;
    EXPECT_EQ(state_letters(domain), "---s--");
    domain.shutdown_reason = xen::ShutdownReason::crash;
    EXPECT_EQ(state_letters(domain), "---sc-");
    domain.dying = true;
    EXPECT_EQ(state_letters(domain), "---scd");
}

TEST(State, the_word_is_what_decides) {
    xen::DomainInfo domain;
    EXPECT_STREQ(state_word(domain), "idle");
    domain.blocked = true;
    EXPECT_STREQ(state_word(domain), "blocked");
    domain.running = true;
    EXPECT_STREQ(state_word(domain), "running");
    domain.paused = true;
    EXPECT_STREQ(state_word(domain), "paused");
    domain.shutdown = true;
    EXPECT_STREQ(state_word(domain), "shutdown");
    domain.shutdown_reason = xen::ShutdownReason::crash;
    EXPECT_STREQ(state_word(domain), "crashed");
    domain.dying = true;
    EXPECT_STREQ(state_word(domain), "dying");
}

TEST(State, a_reason_that_nobody_knows_has_a_word) {
    EXPECT_STREQ(word_of(xen::ShutdownReason::watchdog), "watchdog");
    EXPECT_STREQ(word_of(static_cast<xen::ShutdownReason>(99)), "unknown");
}

} // namespace
} // namespace chaos::cli
