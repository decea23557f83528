// SPDX-License-Identifier: BSD-3-Clause
// What a disk back-end that is killed while it answers leaves to the next one.
#include "xendevd/vbd/disk_ring.hpp"

#include <array>

#include "tests/xendevd/daemon_fixture.hpp"
#include "tests/xendevd/every_moment.hpp"

namespace xendevd {
namespace {

/// The parameter: whether the guest is one of 32 bits.
class DiskRingTest : public DaemonFixture, public testing::WithParamInterface<bool> {
  protected:
    static constexpr std::uint64_t ring_gfn = 20, copy_gfn = 21;
    static constexpr std::uint32_t requests = 4, answers = 3, first = 30; // of 32 places: they wrap round

    DiskRingTest() {
        grant(reference(ring_gfn), ring_gfn);
        grant(reference(copy_gfn), copy_gfn);
        auto& shared = *reinterpret_cast<blkif_sring*>(page(ring_gfn));
        shared.rsp_prod = shared.req_prod = first;
        shared.rsp_event = shared.req_event = first + 1;
        for (std::uint32_t number = 0; number < requests; ++number) {
            const std::size_t size = GetParam() ? 108 : 112;
            std::byte* entry = page(ring_gfn) + 64 + (shared.req_prod++ % 32) * size;
            const std::uint64_t id = this->id(number), sector = 8 * number;
            entry[0] = std::byte{BLKIF_OP_WRITE};
            std::memcpy(entry + (GetParam() ? 4 : 8), &id, sizeof id);
            std::memcpy(entry + (GetParam() ? 12 : 16), &sector, sizeof sector);
        }
    }
    static chaos::GrantReference reference(std::uint64_t gfn) {
        return chaos::GrantReference{static_cast<std::uint32_t>(gfn)};
    }
    DiskRing attach(std::uint64_t gfn) {
        const std::array<chaos::GrantReference, 1> references{reference(gfn)};
        return *DiskRing::attach(*grants.map(guest_id, references, chaos::xen::GrantAccess::read_write),
                                 GetParam());
    }
    /// Each byte of them differs, so that a mixture of two is none.
    static std::uint64_t id(std::uint32_t number) { return 0x0102030405060708u * (number + 1); }
};

INSTANTIATE_TEST_SUITE_P(Layouts, DiskRingTest, testing::Bool(),
                         [](const auto& layout) { return layout.param ? "of_32_bit" : "of_64_bit"; });

TEST_P(DiskRingTest, each_request_is_answered_or_still_there_whenever_the_back_end_is_killed) {
    DiskRing killed = attach(ring_gfn);
    const auto work = [&] {
        for (std::uint32_t number = 0; number < answers; ++number)
            killed.answer(killed.take().id, BLKIF_OP_WRITE,
                          static_cast<std::int16_t>(-1 - static_cast<int>(number)));
        (void)killed.publish();
    };
    const auto look = [&] {
        std::memcpy(page(copy_gfn), page(ring_gfn), chaos::page_size);
        DiskRing ring = attach(copy_gfn);
        const auto& left = *reinterpret_cast<blkif_sring*>(page(copy_gfn));
        const std::uint32_t answered = left.rsp_prod - first;
        ASSERT_LE(answered, answers);
        for (std::uint32_t number = 0; number < answered; ++number) {
            const std::byte* entry = page(copy_gfn) + 64 + ((first + number) % 32) * (GetParam() ? 108 : 112);
            std::uint64_t seen = 0;
            std::int16_t status = 0;
            std::memcpy(&seen, entry, sizeof seen);
            std::memcpy(&status, entry + 10, sizeof status);
            EXPECT_EQ(seen, id(number));
            EXPECT_EQ(status, -1 - static_cast<int>(number));
        }
        ASSERT_EQ(*ring.available(), requests - answered);
        for (std::uint32_t number = answered; number < requests; ++number) {
            const blkif_request request = ring.take();
            EXPECT_EQ(request.operation, BLKIF_OP_WRITE);
            EXPECT_EQ(request.id, id(number));
            EXPECT_EQ(request.sector_number, 8 * number);
        }
    };
    const std::span<const std::byte> shared(page(ring_gfn), chaos::page_size);
    EXPECT_GE(at_every_moment(shared, work, look), 1u + 3 * answers);
}

TEST_P(DiskRingTest, takes_no_notice_of_a_note_for_another_place) {
    for (const std::uint32_t next : {0u, first, first + 2}) {
        std::memcpy(page(ring_gfn) + 24, &next, sizeof next);
        DiskRing ring = attach(ring_gfn);
        EXPECT_EQ(*ring.available(), requests);
        EXPECT_EQ(ring.take().id, id(0));
    }
}

} // namespace
} // namespace xendevd
