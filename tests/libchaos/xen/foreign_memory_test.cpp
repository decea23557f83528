// SPDX-License-Identifier: BSD-3-Clause
// Guest memory mapped and unmapped, and grants written where the guest's table is.
#include "libchaos/xen/foreign_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/xen.hpp"

namespace chaos::xen {
namespace {

class ForeignMemoryTest : public testing::Test {
  protected:
    ForeignMemoryTest() {
        domain.max_grant_frames = 1;
        for (std::uint64_t gfn = 0; gfn < 8; ++gfn)
            domain.memory.add(gfn, *xen.memory.allocate());
    }
    ~ForeignMemoryTest() override { EXPECT_TRUE(xen.complaints().empty()) << xen.complaints()[0]; }

    fakes::Xen& xen = fakes::boot();
    fakes::Domain& domain = xen.add_domain(77, {7});
    ForeignMemory memory = *ForeignMemory::open();
};

TEST_F(ForeignMemoryTest, maps_pages_in_the_order_asked_for) {
    const std::array<std::uint64_t, 3> gfns{5, 0, 6};
    const auto mapping = memory.map(DomainId{77}, gfns);
    ASSERT_TRUE(mapping) << mapping.error().story();
    EXPECT_EQ(mapping->size(), 3 * page_size);
    for (std::size_t index = 0; index < gfns.size(); ++index) {
        std::memset(mapping->page(index), static_cast<int>(index + 1), page_size);
        EXPECT_EQ(xen.read(77, gfns[index] * page_size, page_size),
                  std::string(page_size, static_cast<char>(index + 1)));
    }
}

TEST_F(ForeignMemoryTest, unmaps_once_whichever_way_it_was_moved) {
    const std::array<std::uint64_t, 1> gfns{3};
    {
        Mapping first = *memory.map(DomainId{77}, gfns);
        Mapping second = *memory.map(DomainId{77}, gfns);
        second = std::move(first);
        EXPECT_EQ(xen.state().mapped_pages, 1u) << "what was assigned over is still mapped";
        EXPECT_EQ(first.data(), nullptr);
        EXPECT_EQ(first.size(), 0u);
        Mapping third = std::move(second);
        third.unmap();
        third.unmap();
        EXPECT_EQ(xen.state().mapped_pages, 0u);
        const Mapping none;
        EXPECT_EQ(none.size(), 0u);
    }
    EXPECT_EQ(xen.state().mapped_pages, 0u);
}

TEST_F(ForeignMemoryTest, reports_pages_and_domains_that_are_not_there) {
    const std::array<std::uint64_t, 2> gfns{3, 8};
    EXPECT_EQ(memory.map(DomainId{77}, gfns).error().system_errno(), EINVAL);
    EXPECT_EQ(memory.map(DomainId{78}, gfns).error().system_errno(), ESRCH);
    EXPECT_EQ(xen.state().mapped_pages, 0u);
}

TEST_F(ForeignMemoryTest, writes_grants_for_the_domain_and_frame_they_are_for) {
    const std::array<GrantSeed, 2> grants{
        {{GrantReference{8}, DomainId{0}, Gfn{5}}, {GrantReference{511}, DomainId{9}, Gfn{6}}}};
    ASSERT_TRUE(memory.seed_grants(DomainId{77}, grants));
    EXPECT_EQ(xen.state().mapped_pages, 0u);
    const auto* table =
        reinterpret_cast<const grant_entry_v1_t*>(xen.memory.page(domain.grant_table.value()));
    EXPECT_EQ(table[8].flags, GTF_permit_access);
    EXPECT_EQ(table[8].domid, 0);
    EXPECT_EQ(table[8].frame, 5u);
    EXPECT_EQ(table[511].flags, GTF_permit_access);
    EXPECT_EQ(table[511].domid, 9);
    EXPECT_EQ(table[511].frame, 6u);
    for (const std::size_t reference : {0, 7, 9, 510})
        EXPECT_EQ(table[reference].flags, 0) << reference;
}

TEST_F(ForeignMemoryTest, reports_each_call_that_fails) {
    const std::array<std::uint64_t, 1> gfns{3};
    const auto fail = [&] {
        xen.clear_calls();
        xen.fail_at(1, EBUSY);
    };
    fail();
    EXPECT_EQ(ForeignMemory::open().error().system_errno(), EBUSY);
    fail();
    EXPECT_EQ(memory.map(DomainId{77}, gfns).error().system_errno(), EBUSY);
    fail();
    EXPECT_EQ(memory.seed_grants(DomainId{77}, {}).error().system_errno(), EBUSY);
    EXPECT_EQ(xen.state().mapped_pages, 0u);
}

} // namespace
} // namespace chaos::xen
