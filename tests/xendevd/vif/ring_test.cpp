// SPDX-License-Identifier: BSD-3-Clause
// What a back-end that is killed while it answers leaves to the next one.
#include "xendevd/vif/ring.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <vector>

#include "libchaos/xen/ids.hpp"
#include "tests/xendevd/every_moment.hpp"

namespace xendevd {
namespace {

constexpr std::uint32_t first = 252; ///< so that places wrap round
constexpr std::uint16_t first_id = 500;

/// A ring page whose places from `first` on hold requests, and its copy.
template<typename Ring, typename Shared>
class KilledTest : public testing::Test {
  protected:
    KilledTest() {
        void* memory =
            ::mmap(nullptr, chaos::page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        EXPECT_NE(memory, MAP_FAILED);
        page = {static_cast<std::byte*>(memory), chaos::page_size};
        shared = static_cast<Shared*>(memory);
        shared->req_prod = shared->rsp_prod = first;
        shared->req_event = shared->rsp_event = first + 1;
    }
    ~KilledTest() override { ::munmap(page.data(), page.size()); }

    template<typename Slot>
    void put(const Slot& slot) {
        std::memcpy(&shared->ring[shared->req_prod++ % Ring::size], &slot, sizeof slot);
    }
    /// The ring that a successor finds if the child is killed now, and its page.
    Ring take_over() {
        copy.assign(page.begin(), page.end());
        return Ring(copy.data());
    }
    Shared& left() { return *reinterpret_cast<Shared*>(copy.data()); }

    std::span<std::byte> page;
    Shared* shared = nullptr;
    std::vector<std::byte> copy;
};

using TransmitKilledTest = KilledTest<TransmitRing, netif_tx_sring>;
using ReceiveKilledTest = KilledTest<ReceiveRing, netif_rx_sring>;

netif_tx_request piece(std::uint16_t id, std::uint16_t flags) {
    return {.gref = 1000u + id, .offset = 0, .flags = flags, .id = id, .size = 100};
}

TEST_F(TransmitKilledTest, answers_all_frames_of_a_batch_or_none) {
    const auto extra = [](std::uint8_t flags) {
        netif_extra_info info{};
        info.type = XEN_NETIF_EXTRA_TYPE_GSO;
        info.flags = flags;
        info.u.gso.size = 0xffff;
        return info;
    };
    put(piece(first_id, 0));
    put(piece(first_id + 1, NETTXF_extra_info | NETTXF_more_data));
    put(extra(XEN_NETIF_EXTRA_FLAG_MORE));
    put(extra(0));
    put(piece(first_id + 4, NETTXF_more_data));
    put(piece(first_id + 5, 0));
    put(piece(first_id + 6, NETTXF_extra_info));
    put(extra(0));
    put(piece(first_id + 8, 0)); // not answered
    const std::vector<std::int16_t> statuses{0, 0, NETIF_RSP_NULL, NETIF_RSP_NULL, 0, 0, 0, NETIF_RSP_NULL};

    const auto work = [&] {
        TransmitRing ring(page.data());
        for (std::uint16_t slot = 0; slot < statuses.size(); ++slot)
            ring.answer(netif_tx_response{static_cast<std::uint16_t>(first_id + slot), statuses[slot]});
        (void)ring.publish();
    };
    std::size_t answered_all = 0;
    const auto look = [&] {
        const TransmitRing ring = take_over();
        const auto waiting = ring.waiting();
        ASSERT_TRUE(waiting);
        const std::uint32_t answered = left().rsp_prod - first;
        ASSERT_TRUE(answered == 0 || answered == statuses.size()) << answered;
        ASSERT_EQ(*waiting, 9 - answered);
        const auto last = ring.request(*waiting - 1);
        EXPECT_EQ(last.id, first_id + 8);
        EXPECT_EQ(last.gref, 1000u + first_id + 8);
        if (answered == 0) {
            EXPECT_EQ(ring.request(0).gref, 1000u + first_id);
            EXPECT_EQ(ring.request<netif_extra_info>(2).u.gso.size, 0xffff);
            EXPECT_EQ(ring.request(5).gref, 1000u + first_id + 5);
            return;
        }
        ++answered_all;
        for (std::uint32_t slot = 0; slot < answered; ++slot) {
            const netif_tx_response response = left().ring[(first + slot) % TransmitRing::size].rsp;
            EXPECT_EQ(response.status, statuses[slot]) << slot;
            if (response.status != NETIF_RSP_NULL) {
                EXPECT_EQ(response.id, first_id + slot);
            }
        }
    };
    EXPECT_GE(at_every_moment(page, work, look), 1 + statuses.size());
    EXPECT_GE(answered_all, statuses.size()) << "the successor answered for it at no moment";
}

TEST_F(ReceiveKilledTest, gives_back_every_buffer_of_a_batch_or_none) {
    constexpr std::uint16_t slots = 5;
    for (std::uint16_t slot = 0; slot <= slots; ++slot)
        put(netif_rx_request{
            .id = static_cast<std::uint16_t>(first_id + slot), .pad = 0, .gref = 2000u + slot});
    const auto work = [&] {
        ReceiveRing ring(page.data());
        for (std::uint16_t slot = 0; slot < slots; ++slot) {
            netif_rx_response response{};
            response.id = static_cast<std::uint16_t>(first_id + slot);
            response.status = 60;
            ring.answer(response);
        }
        (void)ring.publish();
    };
    std::size_t lost = 0, seen = 0;
    const auto look = [&] {
        const ReceiveRing ring = take_over();
        const std::uint32_t answered = left().rsp_prod - first;
        ASSERT_TRUE(answered == 0 || answered == slots) << answered;
        ASSERT_EQ(ring.waiting(), slots + 1u - answered);
        EXPECT_EQ(ring.request(slots - answered).gref, 2000u + slots);
        if (answered == 0) {
            EXPECT_EQ(ring.request(0).gref, 2000u);
        }
        for (std::uint32_t slot = 0; slot < answered; ++slot) {
            const netif_rx_response response = left().ring[(first + slot) % ReceiveRing::size].rsp;
            EXPECT_EQ(response.id, first_id + slot);
            EXPECT_TRUE(response.status == NETIF_RSP_ERROR || response.status == 60) << response.status;
            ++(response.status == 60 ? seen : lost);
        }
    };
    EXPECT_GE(at_every_moment(page, work, look), 1u + slots);
    EXPECT_GE(lost, slots);
    EXPECT_GE(seen, slots);
}

TEST_F(TransmitKilledTest, takes_no_notice_of_nonsense_about_answers) {
    put(piece(first_id, 0));
    for (const std::uint32_t nonsense : {0u, first - 1, first + 2, first + 300, 0xffffffffu}) {
        std::memcpy(page.data() + answering_offset, &nonsense, sizeof nonsense);
        const TransmitRing ring = take_over();
        EXPECT_EQ(ring.waiting(), 1u) << nonsense;
        EXPECT_EQ(left().rsp_prod, first);
    }
}

} // namespace
} // namespace xendevd
