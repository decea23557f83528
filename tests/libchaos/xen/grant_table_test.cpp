// SPDX-License-Identifier: BSD-3-Clause
// What a guest granted: mapped, copied, refused, and let go again.
#include "libchaos/xen/grant_table.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "libchaos/xen/foreign_memory.hpp"
#include "tests/fakes/xen.hpp"

namespace chaos::xen {
namespace {

constexpr DomainId guest{77};

class GrantTableTest : public testing::Test {
  protected:
    GrantTableTest() {
        domain.hvm = true;
        domain.max_grant_frames = 1;
        for (std::uint64_t gfn = 0; gfn < 8; ++gfn)
            domain.memory.add(gfn, *xen.memory.allocate());
        auto memory = *ForeignMemory::open();
        const GrantSeed seeds[] = {{GrantReference{8}, this_domain, Gfn{3}},
                                   {GrantReference{9}, this_domain, Gfn{5}},
                                   {GrantReference{10}, DomainId{4}, Gfn{6}}};
        EXPECT_TRUE(memory.seed_grants(guest, seeds));
    }
    ~GrantTableTest() override { EXPECT_TRUE(xen.complaints().empty()); }
    char* page(std::uint64_t gfn) { return reinterpret_cast<char*>(xen.page(77, gfn)); }

    fakes::Xen& xen = fakes::boot();
    fakes::Domain& domain = xen.add_domain(77, {7});
    GrantTable grants = *GrantTable::open();
};

TEST_F(GrantTableTest, maps_pages_side_by_side) {
    const GrantReference references[] = {GrantReference{9}, GrantReference{8}};
    auto mapping = grants.map(guest, references, GrantAccess::read_write);
    ASSERT_TRUE(mapping) << mapping.error().story();
    std::strcpy(page(5), "five");
    std::strcpy(page(3), "three");
    EXPECT_STREQ(reinterpret_cast<char*>(mapping->data()), "five");
    EXPECT_STREQ(reinterpret_cast<char*>(mapping->data() + page_size), "three");
    std::strcpy(reinterpret_cast<char*>(mapping->data()), "written");
    EXPECT_STREQ(page(5), "written");
    EXPECT_EQ(domain.mapped, 2u);
    mapping->unmap();
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(GrantTableTest, refuses_what_was_granted_to_nobody_or_to_another) {
    for (const std::uint32_t reference : {7u, 10u, 100000u}) {
        const GrantReference references[] = {GrantReference{8}, GrantReference{reference}};
        EXPECT_EQ(grants.map(guest, references, GrantAccess::read_only).error().system_errno(), EINVAL);
    }
    EXPECT_FALSE(grants.map(guest, {}, GrantAccess::read_only));
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(GrantTableTest, copies_in_batches_and_says_which_failed) {
    std::strcpy(page(3) + 100, "from the guest");
    char buffer[32] = {};
    char answer[] = "to the guest";
    GrantCopy copies[3]{};
    copies[0].source.granted = {8, 100, 77};
    copies[0].destination.local = buffer;
    copies[0].length = 15;
    copies[0].flags = GrantCopy::source_granted;
    copies[1].source.local = answer;
    copies[1].destination.granted = {9, 4000, 77};
    copies[1].length = sizeof answer;
    copies[1].flags = GrantCopy::destination_granted;
    copies[2] = copies[1];
    copies[2].destination.granted.offset = 4090; // beyond the page
    ASSERT_TRUE(grants.copy(copies));
    EXPECT_EQ(copies[0].status, 0);
    EXPECT_EQ(copies[1].status, 0);
    EXPECT_LT(copies[2].status, 0);
    EXPECT_STREQ(buffer, "from the guest");
    EXPECT_STREQ(page(5) + 4000, "to the guest");
}

TEST_F(GrantTableTest, says_so_when_a_call_fails) {
    xen.clear_calls();
    xen.fail_at(1, ENOMEM);
    const GrantReference references[] = {GrantReference{8}};
    EXPECT_EQ(grants.map(guest, references, GrantAccess::read_write).error().kind(),
              ErrorKind::out_of_memory);
    GrantCopy copies[1]{};
    xen.clear_calls();
    EXPECT_EQ(grants.copy(copies).error().system_errno(), ENOMEM);
    xen.clear_calls();
    EXPECT_EQ(GrantTable::open().error().system_errno(), ENOMEM);
}

} // namespace
} // namespace chaos::xen
