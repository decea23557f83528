// SPDX-License-Identifier: BSD-3-Clause
// The disk's front end against a back-end made of Xen's own ring macros, with a disk of bytes in memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#define xen_mb() std::atomic_thread_fence(std::memory_order_seq_cst)
#define xen_rmb() std::atomic_thread_fence(std::memory_order_acquire)
#define xen_wmb() std::atomic_thread_fence(std::memory_order_release)

#include "fake_hypervisor.hpp"
#include "unikernels/runtime/vbd.hpp"

namespace {

using unikernel::FrontEnd;
using unikernel::Vbd;
using Operation = Vbd::Operation;
using Outcome = Vbd::Outcome;

/// Serves one page of ring from a vector.
class BackEnd {
  public:
    BackEnd(noxs_vbd_page& control, std::vector<std::byte>& disk) : control_(control), disk_(disk) {}

    void connect(std::uint32_t features) {
        ASSERT_EQ(control_.frontend.state, std::uint32_t{NOXS_FRONTEND_OFFERED});
        auto* shared = reinterpret_cast<blkif_sring*>(
            fake_hypervisor::granted_page(control_.frontend.ring_references[0]));
        BACK_RING_ATTACH(&ring_, shared, shared->rsp_prod, 4096);
        control_.backend.features = features & control_.frontend.features;
        control_.backend.state = NOXS_BACKEND_CONNECTED;
        control_.backend.answer_sequence = control_.frontend.sequence;
    }
    /// Serves all there is, the latest first if `backwards`; true if the guest wants an event.
    bool serve(bool backwards = false) {
        std::vector<blkif_request> requests;
        while (RING_HAS_UNCONSUMED_REQUESTS(&ring_)) {
            requests.push_back(*RING_GET_REQUEST(&ring_, ring_.req_cons));
            ++ring_.req_cons;
        }
        if (backwards) {
            std::reverse(requests.begin(), requests.end());
        }
        for (const auto& request : requests) {
            respond(request.id, request.operation, carry_out(request));
        }
        int wanted = 0;
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&ring_, wanted);
        return wanted != 0;
    }
    void respond(std::uint64_t id, std::uint8_t operation, std::int16_t status) {
        auto* response = RING_GET_RESPONSE(&ring_, ring_.rsp_prod_pvt);
        ++ring_.rsp_prod_pvt;
        response->id = id;
        response->operation = operation;
        response->status = status;
    }

    std::vector<std::uint8_t> operations;
    blkif_back_ring ring_{};

  private:
    std::int16_t carry_out(const blkif_request& request) {
        operations.push_back(request.operation);
        std::uint8_t operation = request.operation;
        std::uint64_t at = request.sector_number;
        const auto* segments = request.seg;
        std::size_t count = request.nr_segments;
        if (operation == BLKIF_OP_FLUSH_DISKCACHE) {
            return count == 0 ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
        }
        if (operation == BLKIF_OP_DISCARD) {
            const auto& discard = reinterpret_cast<const blkif_request_discard&>(request);
            std::fill_n(disk_.begin() + static_cast<std::ptrdiff_t>(discard.sector_number * 512),
                        discard.nr_sectors * 512, std::byte{0});
            return BLKIF_RSP_OKAY;
        }
        if (operation == BLKIF_OP_INDIRECT) {
            const auto& indirect = reinterpret_cast<const blkif_request_indirect&>(request);
            operation = indirect.indirect_op;
            at = indirect.sector_number;
            count = indirect.nr_segments;
            segments = reinterpret_cast<const blkif_request_segment*>(
                fake_hypervisor::granted_page(indirect.indirect_grefs[0]));
        }
        for (std::size_t i = 0; i < count; ++i) {
            auto* page = fake_hypervisor::granted_page(segments[i].gref) + segments[i].first_sect * 512;
            const std::size_t bytes = (segments[i].last_sect - segments[i].first_sect + 1u) * 512;
            if (at * 512 + bytes > disk_.size()) {
                return BLKIF_RSP_ERROR;
            }
            auto* place = disk_.data() + at * 512;
            operation == BLKIF_OP_WRITE ? std::memcpy(place, page, bytes) : std::memcpy(page, place, bytes);
            at += bytes / 512;
        }
        return BLKIF_RSP_OKAY;
    }

    noxs_vbd_page& control_;
    std::vector<std::byte>& disk_;
};

class VbdTest : public testing::Test {
  protected:
    VbdTest() { fake_hypervisor::grants.clear(); }
    void open(std::uint8_t requests, std::uint16_t pages) {
        vbd =
            Vbd::open({.control_page = control.get(), .port = 5, .id = 0, .backend_domain = 0, .instance = 1},
                      {.requests = requests, .pages = pages});
        ASSERT_TRUE(vbd);
    }
    Vbd::Request submit(Operation operation, std::uint64_t sector, std::uint64_t bytes,
                        std::byte value = {}) {
        const auto request = vbd->take();
        EXPECT_TRUE(request);
        if (operation == Operation::write) {
            std::memset(vbd->buffer(*request), static_cast<int>(value), bytes);
        }
        vbd->submit(*request, operation, sector, bytes);
        return *request;
    }

    std::vector<std::byte> disk = std::vector<std::byte>(4 << 20);
    std::unique_ptr<noxs_vbd_page> control = std::make_unique<noxs_vbd_page>();
    BackEnd back_end{*control, disk};
    std::unique_ptr<Vbd> vbd;
};

TEST_F(VbdTest, writes_and_reads_back_in_any_order) {
    open(8, 11);
    back_end.connect(~0u);
    for (int round = 0; round < 20; ++round) {
        for (std::uint64_t i = 0; i < 8; ++i) {
            submit(Operation::write, i * 88, 11 * 4096,
                   static_cast<std::byte>(round + 1 + static_cast<int>(i)));
        }
        EXPECT_FALSE(vbd->take());
        vbd->publish();
        EXPECT_FALSE(vbd->complete());
        EXPECT_FALSE(vbd->has_work());
        EXPECT_TRUE(back_end.serve(round % 2 == 1));
        EXPECT_TRUE(vbd->has_work());
        for (int i = 0; i < 8; ++i) {
            const auto completion = vbd->complete();
            ASSERT_TRUE(completion);
            EXPECT_EQ(completion->outcome, Outcome::success);
            vbd->give_back(completion->request);
        }
        const auto read = submit(Operation::read, 88 * 3, 4096 + 512);
        vbd->publish();
        back_end.serve();
        const auto completion = vbd->complete();
        ASSERT_TRUE(completion);
        EXPECT_EQ(completion->request, read);
        for (std::size_t i = 0; i < 4096 + 512; ++i) {
            ASSERT_EQ(vbd->buffer(read)[i], static_cast<std::byte>(round + 4));
        }
        vbd->give_back(read);
    }
}

TEST_F(VbdTest, uses_indirect_requests_once_they_are_known) {
    open(2, 64);
    EXPECT_EQ(vbd->most_bytes(), 11u * 4096);
    back_end.connect(~0u);
    EXPECT_EQ(vbd->most_bytes(), 64u * 4096);
    submit(Operation::write, 8, 64 * 4096 - 512, std::byte{0x5a});
    submit(Operation::write, 2048, 12 * 4096, std::byte{0xa5});
    vbd->publish();
    back_end.serve();
    EXPECT_EQ(back_end.operations, (std::vector<std::uint8_t>{BLKIF_OP_INDIRECT, BLKIF_OP_INDIRECT}));
    EXPECT_EQ(vbd->complete()->outcome, Outcome::success);
    EXPECT_EQ(vbd->complete()->outcome, Outcome::success);
    EXPECT_EQ(disk[8 * 512 - 1], std::byte{0});
    EXPECT_EQ(disk[8 * 512], std::byte{0x5a});
    EXPECT_EQ(disk[8 * 512 + 64 * 4096 - 513], std::byte{0x5a});
    EXPECT_EQ(disk[8 * 512 + 64 * 4096 - 512], std::byte{0});
    EXPECT_EQ(disk[2048 * 512 + 12 * 4096 - 1], std::byte{0xa5});
}

TEST_F(VbdTest, flushes_discards_and_hears_of_errors) {
    open(4, 1);
    back_end.connect(~0u);
    std::fill(disk.begin(), disk.end(), std::byte{1});
    submit(Operation::flush, 0, 0);
    submit(Operation::discard, 16, 1024);
    submit(Operation::read, disk.size() / 512, 512);
    vbd->publish();
    back_end.serve();
    EXPECT_EQ(vbd->complete()->outcome, Outcome::success);
    EXPECT_EQ(vbd->complete()->outcome, Outcome::success);
    EXPECT_EQ(vbd->complete()->outcome, Outcome::error);
    EXPECT_FALSE(vbd->complete());
    EXPECT_EQ(disk[16 * 512 - 1], std::byte{1});
    EXPECT_EQ(disk[16 * 512], std::byte{0});
    EXPECT_EQ(disk[18 * 512], std::byte{1});
}

TEST_F(VbdTest, counts_an_answer_that_comes_twice_once) {
    open(2, 1);
    back_end.connect(~0u);
    const auto first = submit(Operation::read, 0, 512);
    const auto second = submit(Operation::read, 8, 512);
    vbd->publish();
    const std::uint64_t id = RING_GET_REQUEST(&back_end.ring_, 0)->id;
    back_end.ring_.req_cons = 2;
    back_end.respond(id, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    RING_PUSH_RESPONSES(&back_end.ring_);
    EXPECT_EQ(vbd->complete()->request, first);
    vbd->give_back(first);
    EXPECT_EQ(submit(Operation::read, 16, 512), first); // the same buffer under a new id
    vbd->publish();
    back_end.respond(id, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    RING_PUSH_RESPONSES(&back_end.ring_);
    EXPECT_FALSE(vbd->complete());
    EXPECT_NE(second, first);
}

TEST_F(VbdTest, refuses_options_that_make_no_sense) {
    const unikernel::Device device{
        .control_page = control.get(), .port = 5, .id = 0, .backend_domain = 0, .instance = 1};
    EXPECT_FALSE(Vbd::open(device, {.ring_pages = 3}));
    EXPECT_FALSE(Vbd::open(device, {.ring_pages = 0}));
    EXPECT_FALSE(Vbd::open(device, {.ring_pages = 16}));
    EXPECT_FALSE(Vbd::open(device, {.requests = 0}));
    EXPECT_FALSE(Vbd::open(device, {.requests = 33, .pages = 1}));
    EXPECT_TRUE(Vbd::open(device, {.ring_pages = 2, .requests = 33, .pages = 1}));
    EXPECT_FALSE(Vbd::open(device, {.pages = 0}));
    EXPECT_FALSE(Vbd::open(device, {.requests = 2, .pages = 256})); // with their lists more than 512 pages
    EXPECT_TRUE(Vbd::open(device, {.requests = 1, .pages = 256}));
}

} // namespace
