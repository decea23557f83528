// SPDX-License-Identifier: BSD-3-Clause
// The loop: events, descriptors, timers, tasks, and handlers that vanish in the middle of a turn.
#include "xendevd/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <functional>

#include "tests/xendevd/daemon_fixture.hpp"

namespace xendevd {
namespace {

using chaos::EventChannelPort;

struct Ears final : PortHandler, DescriptorHandler, Task, Timer {
    void handle_event() override { call(); }
    void handle_descriptor(std::uint32_t) override { call(); }
    void run_task() override { call(); }
    void run_timer() override { call(); }
    void call() {
        ++calls;
        if (then)
            then();
    }
    int calls = 0;
    std::function<void()> then;
};

class EventLoopTest : public DaemonFixture {};

TEST_F(EventLoopTest, calls_for_each_event_and_hears_those_sent_meanwhile) {
    Ears ears;
    ears.then = [&] {
        if (ears.calls == 2)
            xen.notify_from(domain, 1); // while it is being dealt with
    };
    const auto port = *loop->bind(guest_id, EventChannelPort{1}, ears);
    turn();
    EXPECT_EQ(ears.calls, 1) << "a fresh binding is pending";
    turn();
    EXPECT_EQ(ears.calls, 1);
    notify();
    turn();
    EXPECT_EQ(ears.calls, 3);
    loop->unbind(port);
    turn();
    EXPECT_EQ(ears.calls, 3);
}

TEST_F(EventLoopTest, sends_what_a_killed_xendevd_may_have_owed) {
    Ears ears;
    (void)*loop->bind(guest_id, EventChannelPort{1}, ears);
    EXPECT_EQ(notified, 1u);
}

TEST_F(EventLoopTest, lets_a_handler_take_another_away) {
    Ears first, second;
    EventChannelPort second_port{};
    first.then = [&] { loop->unbind(second_port); };
    (void)*loop->bind(guest_id, EventChannelPort{1}, first);
    second_port = *loop->bind(guest_id, EventChannelPort{2}, second);
    turn();
    EXPECT_EQ(first.calls, 1);
    EXPECT_EQ(second.calls, 0);
    loop->unbind(second_port); // again: harmless
}

TEST_F(EventLoopTest, hears_of_hundreds_of_ports_in_one_turn_each) {
    std::vector<Ears> ears(300);
    for (std::uint32_t index = 0; index < ears.size(); ++index) {
        domain.ports.push_back({true, 0, 0});
        (void)*loop->bind(guest_id, EventChannelPort{9 + index}, ears[index]);
    }
    turn();
    turn(); // what did not fit into one reading
    for (const Ears& ear : ears)
        EXPECT_EQ(ear.calls, 1);
}

TEST_F(EventLoopTest, watches_descriptors) {
    const chaos::UniqueFd file(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
    Ears ears;
    ASSERT_TRUE(loop->add(file.get(), EPOLLIN, ears));
    turn();
    EXPECT_EQ(ears.calls, 1);
    ASSERT_TRUE(loop->change(file.get(), 0));
    turn();
    EXPECT_EQ(ears.calls, 1);
    loop->remove(file.get());
    EXPECT_FALSE(loop->change(file.get(), EPOLLIN));
    loop->remove(-1);
}

TEST_F(EventLoopTest, runs_timers_in_their_order_and_once) {
    std::vector<int> order;
    Ears late, early, cancelled;
    late.then = [&] { order.push_back(2); };
    early.then = [&] { order.push_back(1); };
    const auto now = Clock::now();
    loop->run_at(now + std::chrono::milliseconds(6), late);
    loop->run_at(now + std::chrono::milliseconds(1), cancelled);
    loop->run_at(now + std::chrono::hours(1), early);
    loop->run_at(now + std::chrono::milliseconds(3), early); // moved
    loop->cancel(cancelled);
    turn_for(std::chrono::milliseconds(20));
    EXPECT_EQ(order, (std::vector{1, 2}));
    EXPECT_EQ(cancelled.calls, 0);
}

TEST_F(EventLoopTest, wakes_for_a_timer_that_is_later_than_one_that_was_cancelled) {
    Ears later, cancelled;
    const auto start = Clock::now();
    loop->run_at(start + std::chrono::milliseconds(2), cancelled);
    turn(); // the alarm is set for it
    loop->cancel(cancelled);
    loop->run_at(start + std::chrono::milliseconds(10), later);
    // Nothing else happens: the loop sleeps until the alarm.
    while (later.calls == 0)
        ASSERT_TRUE(loop->turn(std::chrono::milliseconds(-1)));
    EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(10));
    EXPECT_EQ(cancelled.calls, 0);
}

TEST_F(EventLoopTest, gives_tasks_one_run_a_turn) {
    Ears again, gone;
    again.then = [&] { loop->run_soon(again); };
    loop->run_soon(again);
    loop->run_soon(again); // once is enough
    turn();
    EXPECT_EQ(again.calls, 1);
    {
        Ears brief;
        loop->run_soon(brief);
        loop->run_at(Clock::now(), brief);
    }
    turn();
    EXPECT_EQ(again.calls, 2);
}

} // namespace
} // namespace xendevd
