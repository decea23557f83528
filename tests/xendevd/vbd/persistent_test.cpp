// SPDX-License-Identifier: BSD-3-Clause
// Pages that stay mapped: how many, for how long, and what happens if they cannot be.
#include "tests/xendevd/vbd/vbd_fixture.hpp"
#include "xendevd/vbd/persistent_grants.hpp"

#include <xen/grant_table.h>

namespace xendevd {
namespace {

using chaos::GrantReference;

class PersistentTest : public VbdFixture {
  protected:
    void make_read_only(std::uint32_t reference) {
        auto* table = reinterpret_cast<grant_entry_v1_t*>(xen.memory.page(*domain.grant_table));
        table[reference].flags |= GTF_readonly;
    }
};

TEST_F(PersistentTest, maps_each_page_once_and_copies_nothing) {
    start(NOXS_VBD_PERSISTENT | NOXS_VBD_INDIRECT);
    fill(image, 0, pattern(image_bytes, 1));
    xen.clear_calls();
    for (unsigned round = 0; round < 4; ++round) {
        EXPECT_EQ(carry_out(put_indirect(BLKIF_OP_READ, round * 8, pages(0, 100))), BLKIF_RSP_OKAY);
        EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 4096, pages(50, 11))), BLKIF_RSP_OKAY);
        EXPECT_EQ(std::string(data(99), 4096), contents(image, (round + 99) * 4096, 4096));
        EXPECT_EQ(std::string(data(60), 4096), contents(image, 4096 * 512 + 10 * 4096, 4096));
    }
    EXPECT_EQ(calls("xengnttab_map_domain_grant_refs"), 2u); // the segments' page, the data
    EXPECT_EQ(calls("xengnttab_grant_copy"), 0u);
    EXPECT_EQ(domain.mapped, 1u + 101u); // with the ring
    device->disconnect();
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(PersistentTest, copies_where_mapping_fails) {
    for (std::uint32_t number = 0; number < data_pages; ++number)
        make_read_only(reference(number));
    start(NOXS_VBD_PERSISTENT);
    std::memset(data(0), 'w', 4096);
    for (unsigned round = 0; round < 40; ++round)
        EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, round * 8, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(contents(image, 39 * 4096, 4096), std::string(4096, 'w'));
    EXPECT_LT(calls("xengnttab_map_domain_grant_refs"), 30u) << "it tries no more when it never works";
    EXPECT_EQ(domain.mapped, 1u);
    // But nothing can be read into such a page.
    put_data(BLKIF_OP_READ, 0, pages(0, 1));
    push();
    EXPECT_TRUE(wait_for([this] { return failure.has_value(); }));
}

TEST_F(PersistentTest, copies_when_dom0_cannot_map) {
    start(NOXS_VBD_PERSISTENT);
    xen.clear_calls();
    xen.fail_at(1, ENOMEM);
    fill(image, 0, pattern(4096, 2));
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(std::string(data(0), 4096), pattern(4096, 2));
    EXPECT_EQ(calls("xengnttab_grant_copy"), 1u);
}

TEST_F(PersistentTest, a_page_may_be_named_twice) {
    start(NOXS_VBD_PERSISTENT);
    std::memset(data(0), 'w', 4096);
    auto segments = pages(0, 1);
    segments.push_back(segments[0]);
    segments.push_back(segments[0]);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 0, segments)), BLKIF_RSP_OKAY);
    EXPECT_EQ(contents(image, 0, 3 * 4096), std::string(3 * 4096, 'w'));
    EXPECT_EQ(domain.mapped, 2u);
}

class GrantsTest : public PersistentTest {
  protected:
    bool map(std::initializer_list<std::uint32_t> numbers, std::uint64_t use, std::uint64_t finished) {
        std::vector<std::uint32_t> references;
        for (const std::uint32_t number : numbers)
            references.push_back(reference(number));
        return kept.map(references, use, finished);
    }
    std::byte* find(std::uint32_t number) { return kept.find(reference(number), 0); }

    MappingBudget budget{3};
    PersistentGrants kept{grants, guest_id, budget, 6};
};

TEST_F(GrantsTest, what_was_not_used_for_longest_makes_room) {
    ASSERT_TRUE(map({0, 1, 2}, 1, 0));
    ASSERT_TRUE(map({3, 4}, 2, 0));
    ASSERT_TRUE(map({0}, 3, 0)); // used again
    ASSERT_TRUE(map({5, 6, 7}, 4, 3));
    EXPECT_EQ(kept.pages(), 6u);
    ASSERT_TRUE(kept.find(reference(0), 5));
    EXPECT_FALSE(kept.find(reference(3), 5));
    std::memcpy(data(6), "six", 4);
    EXPECT_STREQ(reinterpret_cast<char*>(kept.find(reference(6), 5)), "six");
    EXPECT_EQ(domain.mapped, 6u);
}

TEST_F(GrantsTest, what_is_in_use_stays) {
    ASSERT_TRUE(map({0, 1, 2}, 1, 0));
    ASSERT_TRUE(map({3, 4, 5}, 2, 0));
    EXPECT_FALSE(map({6}, 3, 0));
    EXPECT_TRUE(map({6}, 3, 1));
    EXPECT_FALSE(map({7, 8, 9, 10}, 4, 1)) << "the second is in use still";
    EXPECT_TRUE(kept.find(reference(3), 4));
}

TEST_F(GrantsTest, all_devices_share_a_budget) {
    PersistentGrants other(grants, guest_id, budget, 100);
    const std::uint32_t references[] = {reference(20)};
    ASSERT_TRUE(map({0}, 1, 0));
    ASSERT_TRUE(map({1}, 2, 0));
    ASSERT_TRUE(other.map(references, 1, 0));
    EXPECT_EQ(budget.left, 0u);
    EXPECT_FALSE(map({2}, 3, 0));
    EXPECT_TRUE(map({2}, 3, 2)) << "its own can be given up";
    EXPECT_EQ(budget.left, 0u);
}

TEST_F(GrantsTest, high_references_are_not_kept) {
    const std::uint32_t references[] = {0x10000};
    EXPECT_FALSE(kept.map(references, 1, 0));
    EXPECT_FALSE(kept.find(0xffffffff, 1));
    EXPECT_EQ(kept.pages(), 0u);
}

} // namespace
} // namespace xendevd
