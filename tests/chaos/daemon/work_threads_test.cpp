// SPDX-License-Identifier: BSD-3-Clause
// Threads that work: results come back to the loop, what is too much is refused, and their end leaves nothing.
#include "chaos/daemon/work_threads.hpp"

#include <poll.h>

#include <atomic>
#include <thread>

#include "tests/chaos/daemon/daemon_fixture.hpp"

namespace chaos::daemon {
namespace {

class WorkThreadsTest : public DaemonTest {};

TEST_F(WorkThreadsTest, work_is_done_elsewhere_and_told_of_here) {
    WorkThreads threads(loop, host_options(), {1, 8, true});
    const auto here = std::this_thread::get_id();
    std::thread::id there, told_on;
    threads.ask<int>(
        [&](Host&) -> Result<int> {
            there = std::this_thread::get_id();
            return 7;
        },
        [&](Result<int> result) {
            ASSERT_TRUE(result);
            EXPECT_EQ(*result, 7);
            told_on = std::this_thread::get_id();
        });
    ASSERT_TRUE(run_until([&] { return told_on != std::thread::id(); }));
    EXPECT_NE(there, here);
    EXPECT_EQ(told_on, here);
}

TEST_F(WorkThreadsTest, jobs_are_done_in_their_order_and_one_too_many_is_refused) {
    WorkThreads threads(loop, host_options(), {1, 4, false});
    std::atomic<bool> may_go = false;
    std::vector<int> done;
    std::size_t refused = 0;
    for (int number = 0; number < 12; ++number)
        threads.ask<int>(
            [&, number](Host&) -> Result<int> {
                while (!may_go)
                    std::this_thread::yield();
                return number;
            },
            [&](Result<int> result) {
                if (result)
                    done.push_back(*result);
                else
                    ++refused;
            });
    ASSERT_TRUE(run_until([&] { return refused >= 7; }));
    may_go = true;
    ASSERT_TRUE(run_until([&] { return done.size() + refused == 12; }));
    EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
    EXPECT_GE(done.size(), 4u);
}

TEST_F(WorkThreadsTest, a_host_that_cannot_be_opened_is_reported) {
    WorkThreads threads(loop, host_options(), {0, 4, false});
    xen.clear_calls();
    xen.fail_at(1, EIO);
    std::optional<Result<int>> answer;
    threads.ask<int>([](Host&) -> Result<int> { return 1; }, [&](Result<int> result) { answer = result; });
    ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
    EXPECT_FALSE(*answer);
    xen.fail_at(0, 0);
    answer.reset();
    threads.ask<int>([](Host&) -> Result<int> { return 1; }, [&](Result<int> result) { answer = result; });
    ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
    EXPECT_TRUE(*answer) << "it was not tried again";
}

TEST_F(WorkThreadsTest, the_end_stops_what_waits_and_tells_nobody) {
    const auto before = traces();
    std::atomic<bool> begun = false;
    bool answered = false;
    auto held = std::make_shared<int>(1);
    {
        WorkThreads threads(loop, host_options(), {1, 8, false});
        threads.ask<int>(
            [&, held, stop_fd = threads.stop_fd()](Host&) -> Result<int> {
                begun = true;
                pollfd stop{stop_fd, POLLIN, 0};
                EXPECT_EQ(::poll(&stop, 1, 60'000), 1);
                return 1;
            },
            [&, held](const Result<int>&) { answered = true; });
        threads.ask<int>([held](Host&) -> Result<int> { return 2; },
                         [&](const Result<int>&) { answered = true; });
        while (!begun)
            std::this_thread::yield();
    }
    run_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(answered);
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(traces(), before);
}

} // namespace
} // namespace chaos::daemon
