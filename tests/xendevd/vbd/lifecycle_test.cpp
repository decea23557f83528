// SPDX-License-Identifier: BSD-3-Clause
// Connecting, closing politely, being cut off while something is under way, and taking over from a killed back-end.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/xendevd/vbd/vbd_fixture.hpp"

namespace xendevd {
namespace {

using namespace std::chrono_literals;

class LifecycleTest : public VbdFixture {};

TEST_F(LifecycleTest, serves_what_was_there_before_it_came) {
    make_device();
    fresh_ring(1, false);
    fill(image, 0, pattern(4096, 1));
    const std::uint64_t id = put_data(BLKIF_OP_READ, 0, pages(0, 1));
    shared().req_prod = 1;
    ASSERT_TRUE(connect(0));
    EXPECT_EQ(answer_to(id), BLKIF_RSP_OKAY);
    EXPECT_EQ(std::string(data(0), 4096), pattern(4096, 1));
}

TEST_F(LifecycleTest, carries_out_again_what_was_not_answered) {
    start(every_feature);
    std::vector<std::uint64_t> ids;
    for (std::uint32_t index = 0; index < 40; ++index) { // more than once around the ring
        ids.push_back(put_data(BLKIF_OP_READ, index * 8, pages(index % 8, 1)));
        if (index == 20) {
            EXPECT_EQ(carry_out(ids.back()), BLKIF_RSP_OKAY);
        }
    }
    std::memset(data(20), 'w', 4096);
    ids.push_back(put_data(BLKIF_OP_WRITE, 800, pages(20, 1)));
    // They are taken and under way when the back-end dies.
    shared().req_prod = 41;
    device->handle_event();
    EXPECT_FALSE(device->is_idle());
    device.reset();
    make_device();
    ASSERT_TRUE(connect(every_feature));
    EXPECT_EQ(answer_to(ids.back()), BLKIF_RSP_OKAY);
    EXPECT_EQ(answered, ids) << "each once, and in order";
    EXPECT_EQ(contents(image, 800 * 512, 4096), std::string(4096, 'w'));
}

TEST_F(LifecycleTest, is_cut_off_under_load) {
    for (const std::uint32_t features : {0u, every_feature}) {
        start(features);
        for (std::uint32_t index = 0; index < 32; ++index)
            put_data(index % 2 ? BLKIF_OP_READ : BLKIF_OP_WRITE, index * 16, pages(index * 8, 8));
        shared().req_prod = 32;
        device->handle_event();
        device->disconnect();
        EXPECT_TRUE(device->is_idle());
        turn_for(5ms);
        EXPECT_TRUE(wait_for([this] { return domain.mapped == 0; }));
        EXPECT_EQ(shared().rsp_prod, 0u) << "nothing is answered";
        device.reset();
        turn_for(1ms);
    }
}

TEST_F(LifecycleTest, is_gone_before_its_last_request_is_finished) {
    start();
    for (std::uint32_t index = 0; index < 32; ++index)
        put_data(BLKIF_OP_WRITE, index * 16, pages(index * 8, 8));
    shared().req_prod = 32;
    device->handle_event();
    device.reset(); // what is under way keeps the rest, the io_uring too, until it tells that it is finished
    EXPECT_TRUE(wait_for([this] { return domain.mapped == 0; }));
    turn_for(1ms);
    EXPECT_EQ(shared().rsp_prod, 0u);
}

TEST_F(LifecycleTest, the_next_connection_waits_for_what_the_last_one_left) {
    start(every_feature);
    std::memset(data(0), 'a', 4096 * 11);
    for (std::uint32_t index = 0; index < 32; ++index)
        put_data(BLKIF_OP_WRITE, 0, pages(0, 11));
    shared().req_prod = 32;
    device->handle_event();
    device->disconnect();

    fresh_ring(1, false);
    std::memset(data(20), 'b', 4096 * 11);
    ASSERT_TRUE(connect(0));
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 0, pages(20, 11))), BLKIF_RSP_OKAY);
    turn_for(20ms);
    EXPECT_EQ(contents(image, 0, 4096 * 11), std::string(4096 * 11, 'b'));
}

TEST_F(LifecycleTest, finishes_what_it_took_before_it_closes) {
    start(every_feature);
    const std::uint64_t write = put_data(BLKIF_OP_WRITE, 0, pages(0, 8));
    const std::uint64_t flush = put_flush();
    shared().req_prod = 2;
    device->handle_event();
    device->stop_taking_requests();
    put_data(BLKIF_OP_READ, 0, pages(0, 1));
    push();
    EXPECT_TRUE(wait_for([this] { return device->is_idle(); }));
    EXPECT_EQ(answer_to(write), BLKIF_RSP_OKAY);
    EXPECT_EQ(answer_to(flush), BLKIF_RSP_OKAY);
    turn_for(5ms);
    EXPECT_EQ(shared().rsp_prod, 2u);
    device->disconnect();
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(LifecycleTest, holds_to_its_rate) {
    settings.rate = {.bytes_per_second = 0, .operations_per_second = 200, .interval_us = 10'000};
    start(0);
    const auto begin = Clock::now();
    std::uint64_t last = 0;
    for (std::uint32_t index = 0; index < 22; ++index)
        last = put_data(BLKIF_OP_READ, 0, pages(index, 1));
    EXPECT_EQ(carry_out(last), BLKIF_RSP_OKAY);
    EXPECT_GE(Clock::now() - begin, 95ms) << "two at once, then one every five milliseconds";
    EXPECT_EQ(answered.size(), 22u);
}

TEST_F(LifecycleTest, a_rate_in_bytes_lets_large_requests_pass) {
    settings.rate = {.bytes_per_second = 4 << 20, .operations_per_second = 0, .interval_us = 10'000};
    start(every_feature);
    const auto begin = Clock::now();
    EXPECT_EQ(carry_out(put_indirect(BLKIF_OP_READ, 0, pages(0, 128))), BLKIF_RSP_OKAY);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_GE(Clock::now() - begin, 110ms);
}

TEST_F(LifecycleTest, an_error_of_the_image_is_the_requests) {
    image = chaos::UniqueFd(::memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::ftruncate(image.get(), image_bytes), 0);
    start(every_feature);
    ASSERT_EQ(::fcntl(image.get(), F_ADD_SEALS, F_SEAL_WRITE), 0); // the file system takes no more
    testing::internal::CaptureStderr();
    for (unsigned round = 0; round < 30; ++round)
        EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 0, pages(0, 1))), BLKIF_RSP_ERROR);
    const std::string lines = testing::internal::GetCapturedStderr();
    EXPECT_NE(lines.find("disk xvda: writing /srv/test.img: Operation not permitted"), std::string::npos)
        << lines;
    EXPECT_LE(std::count(lines.begin(), lines.end(), '\n'), 11) << lines;
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_FALSE(failure);
    EXPECT_EQ(device->counters().errors, 30u);
}

TEST_F(LifecycleTest, describes_itself) {
    start(0);
    nlohmann::json out;
    device->describe(out);
    EXPECT_EQ(out.dump(),
              R"({"device_name":"xvda","path":"/srv/test.img","read_only":false,"sectors":8192})");
}

} // namespace
} // namespace xendevd
