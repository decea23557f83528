// SPDX-License-Identifier: BSD-3-Clause
// What the worker does and does not keep the loop waiting for.
#include "xendevd/worker.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include "tests/xendevd/daemon_fixture.hpp"

namespace xendevd {
namespace {

class WorkerTest : public DaemonFixture {
  protected:
    std::unique_ptr<Worker> worker = *Worker::open(*loop);
    std::string order;
};

TEST_F(WorkerTest, does_all_at_once_before_it_is_started) {
    worker->run([&] { order += 'a'; }, [&] { order += 'b'; });
    EXPECT_EQ(order, "ab");
}

TEST_F(WorkerTest, leaves_the_loop_to_others_meanwhile) {
    ASSERT_TRUE(worker->start());
    std::promise<void> turned;
    std::thread::id thread;
    bool is_done = false;
    // Ends only if the loop goes on.
    worker->run(
        [&] {
            turned.get_future().wait();
            thread = std::this_thread::get_id();
        },
        [&] { is_done = true; });
    turn();
    EXPECT_FALSE(is_done);
    turned.set_value();
    while (!is_done)
        ASSERT_TRUE(loop->turn(std::chrono::milliseconds(-1)));
    EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(WorkerTest, keeps_the_order) {
    ASSERT_TRUE(worker->start());
    std::string followed;
    for (char letter = 'a'; letter <= 'z'; ++letter)
        worker->run([this, letter] { order += letter; }, [&followed, letter] { followed += letter; });
    while (followed.size() < 26)
        ASSERT_TRUE(loop->turn(std::chrono::milliseconds(-1)));
    EXPECT_EQ(order, "abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(followed, order);
}

TEST_F(WorkerTest, finishes_its_jobs_before_it_goes) {
    ASSERT_TRUE(worker->start());
    bool was_called = false;
    for (int count = 0; count < 100; ++count)
        worker->run([this] { order += 'a'; }, [&] { was_called = true; });
    worker.reset();
    EXPECT_EQ(order.size(), 100u);
    EXPECT_FALSE(was_called) << "there may be no loop any more";
}

} // namespace
} // namespace xendevd
