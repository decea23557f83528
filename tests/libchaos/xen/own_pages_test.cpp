// SPDX-License-Identifier: BSD-3-Clause
// Pages granted to ourselves: named by their references in copies, and given back.
#include "libchaos/xen/own_pages.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "libchaos/xen/foreign_memory.hpp"
#include "tests/fakes/xen.hpp"

namespace chaos::xen {
namespace {

class OwnPagesTest : public testing::Test {
  protected:
    ~OwnPagesTest() override {
        EXPECT_TRUE(xen.complaints().empty());
        EXPECT_EQ(xen.handles, 0);
    }
    fakes::Xen& xen = fakes::boot();
};

TEST_F(OwnPagesTest, are_copied_to_guests_by_reference) {
    fakes::Domain& domain = xen.add_domain(77, {7});
    domain.hvm = true;
    domain.max_grant_frames = 1;
    for (std::uint64_t gfn = 0; gfn < 4; ++gfn)
        domain.memory.add(gfn, *xen.memory.allocate());
    auto memory = *ForeignMemory::open();
    const GrantSeed seeds[] = {{GrantReference{8}, this_domain, Gfn{3}}};
    ASSERT_TRUE(memory.seed_grants(DomainId{77}, seeds));

    auto grants = *GrantTable::open();
    auto pages = *OwnPages::allocate(3);
    std::memcpy(pages.data() + 2 * page_size + 16, "hello", 5);
    GrantCopy copy{};
    copy.source = *pages.find(pages.data() + 2 * page_size + 16);
    copy.destination.granted = {8, 100, 77};
    copy.length = 5;
    copy.flags = GrantCopy::source_granted | GrantCopy::destination_granted;
    ASSERT_TRUE(grants.copy({&copy, 1}));
    EXPECT_EQ(copy.status, 0);
    EXPECT_EQ(std::memcmp(xen.page(77, 3) + 100, "hello", 5), 0);
}

TEST_F(OwnPagesTest, know_what_lies_in_them) {
    OwnPages pages = *OwnPages::allocate(2);
    EXPECT_EQ(pages.find(pages.data())->granted.offset, 0);
    EXPECT_EQ(pages.find(pages.data() + 2 * page_size - 1)->granted.offset, page_size - 1);
    EXPECT_NE(pages.find(pages.data())->granted.reference,
              pages.find(pages.data() + page_size)->granted.reference);
    EXPECT_FALSE(pages.find(pages.data() - 1));
    EXPECT_FALSE(pages.find(pages.data() + 2 * page_size));
    OwnPages moved = std::move(pages);
    EXPECT_FALSE(OwnPages().find(moved.data()));
    EXPECT_TRUE(moved.find(moved.data()));
    moved = *OwnPages::allocate(1);
    EXPECT_TRUE(moved.find(moved.data()));
}

TEST_F(OwnPagesTest, say_what_they_lack) {
    for (std::size_t call = 1; call <= 2; ++call) {
        xen.clear_calls();
        xen.fail_at(call, ENOSPC);
        const auto pages = OwnPages::allocate(600);
        ASSERT_FALSE(pages);
        EXPECT_NE(pages.error().advice().find("xen-gntalloc"), std::string::npos);
        EXPECT_EQ(xen.handles, 0);
    }
    xen.fail_at(0, 0);
}

} // namespace
} // namespace chaos::xen
