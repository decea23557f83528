// SPDX-License-Identifier: BSD-3-Clause
// Event channels of dom0: bound, pending, masked, gone.
#include "libchaos/xen/event_channel.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <vector>

#include "tests/fakes/xen.hpp"

namespace chaos::xen {
namespace {

class EventChannelTest : public testing::Test {
  protected:
    EventChannelTest() {
        domain.ports.push_back({true, 0, 0}); // port 1: for dom0
        domain.ports.push_back({true, 5, 0}); // port 2: for another domain
    }
    bool is_readable() {
        pollfd poller{events.fd(), POLLIN, 0};
        return ::poll(&poller, 1, 0) == 1;
    }

    fakes::Xen& xen = fakes::boot();
    fakes::Domain& domain = xen.add_domain(77, {7});
    EventChannels events = *EventChannels::open();
};

TEST_F(EventChannelTest, is_pending_as_soon_as_it_is_bound) {
    const auto port = events.bind(DomainId{77}, EventChannelPort{1});
    ASSERT_TRUE(port) << port.error().story();
    ASSERT_TRUE(is_readable());
    EXPECT_EQ(*events.take_pending(), *port);
    EXPECT_FALSE(is_readable());
}

TEST_F(EventChannelTest, keeps_what_comes_while_it_is_masked) {
    const auto port = *events.bind(DomainId{77}, EventChannelPort{1});
    ASSERT_TRUE(events.take_pending());
    xen.notify_from(domain, 1);
    xen.notify_from(domain, 1);
    EXPECT_FALSE(is_readable());
    ASSERT_TRUE(events.unmask(port));
    EXPECT_TRUE(is_readable());
    EXPECT_EQ(*events.take_pending(), port);
    ASSERT_TRUE(events.unmask(port));
    EXPECT_FALSE(is_readable()) << "two notifications became one event";
}

TEST_F(EventChannelTest, takes_and_unmasks_many_at_once) {
    for (std::uint32_t number = 3; number < 8; ++number)
        domain.ports.push_back({true, 0, 0});
    std::vector<EventChannelPort> bound;
    for (std::uint32_t number = 3; number < 8; ++number)
        bound.push_back(*events.bind(DomainId{77}, EventChannelPort{number}));
    std::array<EventChannelPort, 3> three;
    ASSERT_EQ(*events.take_all_pending(three), 3u);
    EXPECT_EQ(three[0], bound[0]);
    xen.notify_from(domain, 3);
    std::array<EventChannelPort, 16> rest;
    ASSERT_EQ(*events.take_all_pending(rest), 2u) << "the first is masked still";
    EXPECT_EQ(*events.take_all_pending(rest), 0u);
    ASSERT_TRUE(events.unmask_all(bound));
    ASSERT_EQ(*events.take_all_pending(rest), 1u);
    EXPECT_EQ(rest[0], bound[0]);
}

TEST_F(EventChannelTest, notifies_the_guest) {
    std::uint32_t notified = 0;
    xen.on_notify = [&](fakes::Domain&, std::uint32_t port) { notified = port; };
    ASSERT_TRUE(events.notify(*events.bind(DomainId{77}, EventChannelPort{1})));
    EXPECT_EQ(notified, 1u);
}

TEST_F(EventChannelTest, does_not_bind_what_is_not_there_for_it) {
    EXPECT_EQ(events.bind(DomainId{77}, EventChannelPort{2}).error().system_errno(), EINVAL);
    EXPECT_EQ(events.bind(DomainId{77}, EventChannelPort{3}).error().system_errno(), EINVAL);
    EXPECT_EQ(events.bind(DomainId{78}, EventChannelPort{1}).error().system_errno(), ESRCH);
    ASSERT_TRUE(events.bind(DomainId{77}, EventChannelPort{1}));
    EXPECT_EQ(events.bind(DomainId{77}, EventChannelPort{1}).error().system_errno(), EINVAL);
}

TEST_F(EventChannelTest, can_be_bound_again_after_it_was_unbound) {
    for (int round = 0; round < 3; ++round) {
        const auto port = events.bind(DomainId{77}, EventChannelPort{1});
        ASSERT_TRUE(port) << port.error().story();
        ASSERT_TRUE(events.unbind(*port));
        EXPECT_FALSE(events.unbind(*port));
        EXPECT_FALSE(events.notify(*port));
    }
}

TEST_F(EventChannelTest, is_not_worn_out_by_events_that_nobody_read) {
    for (int round = 0; round < 200; ++round) {
        const auto port = events.bind(DomainId{77}, EventChannelPort{1});
        ASSERT_TRUE(port) << port.error().story() << ", round " << round;
        ASSERT_TRUE(events.unbind(*port));
    }
    ASSERT_TRUE(events.bind(DomainId{77}, EventChannelPort{1}));
    EXPECT_TRUE(events.take_pending());
    EXPECT_FALSE(is_readable());
}

TEST_F(EventChannelTest, keeps_the_events_of_ports_that_are_bound) {
    domain.ports.push_back({true, 0, 0});
    const auto first = *events.bind(DomainId{77}, EventChannelPort{1});
    ASSERT_TRUE(events.bind(DomainId{77}, EventChannelPort{3}));
    EXPECT_EQ(*events.take_pending(), first);
}

TEST_F(EventChannelTest, unbinds_everything_when_it_closes) {
    {
        auto others = EventChannels::open();
        ASSERT_TRUE(others->bind(DomainId{77}, EventChannelPort{1}));
        EXPECT_EQ(xen.state().local_ports, 1u);
    }
    EXPECT_EQ(xen.state().local_ports, 0u);
    EXPECT_TRUE(events.bind(DomainId{77}, EventChannelPort{1}));
}

TEST_F(EventChannelTest, outlives_the_guest) {
    const auto port = *events.bind(DomainId{77}, EventChannelPort{1});
    xen.destroy(domain);
    EXPECT_TRUE(events.notify(port));
    EXPECT_TRUE(events.unbind(port));
}

TEST_F(EventChannelTest, reports_each_call_that_fails) {
    const auto port = *events.bind(DomainId{77}, EventChannelPort{1});
    const auto fail = [&] {
        xen.clear_calls();
        xen.fail_at(1, EBUSY);
    };
    fail();
    EXPECT_EQ(EventChannels::open().error().system_errno(), EBUSY);
    fail();
    EXPECT_EQ(events.bind(DomainId{77}, EventChannelPort{1}).error().system_errno(), EBUSY);
    fail();
    EXPECT_EQ(events.notify(port).error().system_errno(), EBUSY);
    fail();
    EXPECT_EQ(events.take_pending().error().system_errno(), EBUSY);
    fail();
    EXPECT_EQ(events.unmask(port).error().system_errno(), EBUSY);
}

} // namespace
} // namespace chaos::xen
