// SPDX-License-Identifier: BSD-3-Clause
// Front ends that break the protocol: the device dies, once, with nothing left mapped, and the next connection is served.
#include "tests/xendevd/vbd/vbd_fixture.hpp"

namespace xendevd {
namespace {

class HostileTest : public VbdFixture {
  protected:
    void expect_death(const std::string& reason) {
        EXPECT_TRUE(wait_for([this] { return failure.has_value(); })) << "expected: " << reason;
        EXPECT_NE(failure.value_or("").find(reason), std::string::npos) << failure.value_or("");
        EXPECT_TRUE(wait_for([this] { return domain.mapped == 0; }));
        turn_for(std::chrono::milliseconds(2));
        // Whatever it does now is nobody's business.
        shared().req_prod += 3;
        notify();
        // The slot gets another instance.
        failure.reset();
        fresh_ring(1, false);
        ASSERT_TRUE(connect(every_feature));
        EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, pages(0, 1))), BLKIF_RSP_OKAY);
    }
    void push_index(std::uint32_t index) {
        shared().req_prod = index;
        notify();
    }
};

TEST_F(HostileTest, indices_beyond_the_ring) {
    start(0);
    push_index(33);
    expect_death("the ring of 32 requests has req_prod 33");
    push_index(0x80000000);
    expect_death("req_prod");
}

TEST_F(HostileTest, indices_that_go_back) {
    start(0);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, pages(0, 1))), BLKIF_RSP_OKAY);
    push_index(0);
    expect_death("req_prod");
}

TEST_F(HostileTest, indices_that_never_made_sense) {
    make_device();
    fresh_ring(1, false);
    shared().rsp_prod = 5;
    EXPECT_FALSE(connect(0));
    shared().req_prod = 5 + 33;
    EXPECT_FALSE(connect(0));
    EXPECT_EQ(domain.mapped, 0u);
    // A back-end takes its own place from the guest once, and then from nowhere.
    shared().rsp_prod = shared().req_prod = 7;
    ASSERT_TRUE(connect(0));
    shared().rsp_prod = 0xdeadbeef;
    turn();
    EXPECT_FALSE(failure);
}

TEST_F(HostileTest, rings_that_cannot_be) {
    make_device();
    for (const std::uint32_t count : {0u, 3u, 5u, 6u, 7u, 9u}) {
        Offer offer{guest_id, std::vector(count, chaos::GrantReference{first_ring_reference}), 0, false};
        EXPECT_FALSE(device->connect(offer, local, *this)) << count;
    }
    Offer offer{guest_id, {chaos::GrantReference{500}}, 0, false}; // not granted
    EXPECT_FALSE(device->connect(offer, local, *this));
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(HostileTest, too_many_segments) {
    start(every_feature);
    blkif_request request{};
    request.operation = BLKIF_OP_WRITE;
    request.nr_segments = 12;
    put(request);
    push();
    expect_death("more segments");
    blkif_request_indirect indirect{};
    indirect.operation = BLKIF_OP_INDIRECT;
    indirect.indirect_op = BLKIF_OP_READ;
    for (const std::uint16_t count : {257, 512, 65535}) {
        indirect.nr_segments = count;
        std::memcpy(&request, &indirect, sizeof indirect);
        put(request);
        push();
        expect_death("more segments");
    }
}

TEST_F(HostileTest, segments_beyond_the_page) {
    start(every_feature);
    for (const auto& [first, last] : {std::pair{0, 8}, {8, 8}, {255, 255}, {5, 4}, {0, 255}}) {
        put_data(BLKIF_OP_READ, 0,
                 {{reference(0), static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)}});
        push();
        expect_death("beyond its page");
        put_indirect(BLKIF_OP_WRITE, 0,
                     {{reference(0), static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)}});
        push();
        expect_death("beyond its page");
    }
}

TEST_F(HostileTest, references_that_were_not_granted) {
    for (const std::uint32_t features : {every_feature & ~NOXS_VBD_PERSISTENT, every_feature}) {
        start(features);
        for (const std::uint32_t bad : {0u, 500u, 5000u, 0x10000u, 0xffffffffu}) {
            for (const std::uint8_t operation : {BLKIF_OP_READ, BLKIF_OP_WRITE}) {
                put_data(operation, 0, {{reference(0), 0, 7}, {bad, 0, 7}});
                push();
                expect_death("which cannot be copied");
                put_indirect(operation, 0, {{bad, 0, 7}});
                push();
                expect_death("which cannot be copied");
            }
        }
        device.reset();
        turn();
    }
}

TEST_F(HostileTest, a_page_of_segments_that_was_not_granted) {
    start(every_feature);
    blkif_request_indirect indirect{};
    indirect.operation = BLKIF_OP_INDIRECT;
    indirect.indirect_op = BLKIF_OP_READ;
    indirect.nr_segments = 20;
    indirect.indirect_grefs[0] = 450;
    blkif_request request{};
    std::memcpy(&request, &indirect, sizeof indirect);
    put(request);
    push();
    expect_death("which cannot be copied");
}

TEST_F(HostileTest, dies_with_others_under_way) {
    start(every_feature);
    for (std::uint32_t index = 0; index < 20; ++index)
        put_data(BLKIF_OP_WRITE, index * 8, pages(index, 1));
    put_data(BLKIF_OP_WRITE, 0, {{reference(0), 0, 9}});
    push();
    expect_death("beyond its page");
}

TEST_F(HostileTest, nested_indirect_requests) {
    start(every_feature);
    blkif_request_indirect indirect{};
    indirect.operation = BLKIF_OP_INDIRECT;
    for (const std::uint8_t operation : {2, 3, 5, 6, 77}) {
        indirect.indirect_op = operation;
        blkif_request request{};
        std::memcpy(&request, &indirect, sizeof indirect);
        const std::uint64_t id = put(request);
        expect_operation(id, operation);
        EXPECT_EQ(carry_out(id), BLKIF_RSP_EOPNOTSUPP);
    }
    EXPECT_FALSE(failure);
}

} // namespace
} // namespace xendevd
