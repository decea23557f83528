// SPDX-License-Identifier: BSD-3-Clause
// A console attached to a guest's ring, whatever the guest does to it.
#include "libchaos/domain/console.hpp"

#include <poll.h>

#include <cerrno>
#include <cstring>

#include "tests/fakes/headers.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"

extern "C" {
#include <xen/io/console.h>
}

namespace chaos {
namespace {

class ConsoleTest : public test::HostTest {
  protected:
    ConsoleTest() { create_guest("web"); }

    fakes::Domain& domain() { return *xen.find(32700); }
    xencons_interface& ring() { return *reinterpret_cast<xencons_interface*>(guest.console_page(domain())); }
    void guest_writes(std::string_view text) {
        for (const char character : text)
            ring().out[ring().out_prod++ % sizeof ring().out] = character;
    }
    Console attach() {
        auto console = Console::attach(host, find_guest("web"));
        EXPECT_TRUE(console) << console.error().story();
        return std::move(console).value();
    }
    static bool is_readable(int file) {
        pollfd poller{file, POLLIN, 0};
        return ::poll(&poller, 1, 0) == 1;
    }
};

TEST_F(ConsoleTest, reads_what_was_written_before_and_after_it_was_attached) {
    guest_writes("before ");
    Console console = attach();
    EXPECT_EQ(*console.read(), "before ");
    EXPECT_EQ(*console.read(), "");
    guest_writes("after");
    EXPECT_EQ(*console.read(), "after");
    EXPECT_EQ(ring().out_cons, ring().out_prod);
}

TEST_F(ConsoleTest, reads_across_the_end_of_the_ring_and_of_the_index) {
    ring().out_prod = ring().out_cons = 0xffffffffu - 3;
    Console console = attach();
    guest_writes("across both ends");
    EXPECT_EQ(*console.read(), "across both ends");
}

TEST_F(ConsoleTest, reads_a_full_ring) {
    Console console = attach();
    const std::string text(sizeof ring().out, 'x');
    guest_writes(text);
    EXPECT_EQ(*console.read(), text);
}

TEST_F(ConsoleTest, wakes_up_when_the_guest_sends_an_event) {
    Console console = attach();
    ASSERT_TRUE(console.acknowledge()); // a new binding is pending at once
    EXPECT_FALSE(is_readable(console.event_fd()));
    xen.notify_from(domain(), 2);
    EXPECT_TRUE(is_readable(console.event_fd()));
    ASSERT_TRUE(console.acknowledge());
    EXPECT_FALSE(is_readable(console.event_fd()));
    xen.notify_from(domain(), 2);
    EXPECT_TRUE(is_readable(console.event_fd())) << "the port was not unmasked";
}

TEST_F(ConsoleTest, tells_the_guest_that_there_is_room_again) {
    Console console = attach();
    std::vector<std::uint32_t> notified;
    xen.on_notify = [&](fakes::Domain&, std::uint32_t port) { notified.push_back(port); };
    EXPECT_TRUE(console.read());
    EXPECT_TRUE(notified.empty()) << "nothing was read";
    guest_writes("x");
    EXPECT_TRUE(console.read());
    EXPECT_EQ(notified, std::vector<std::uint32_t>{2});
}

TEST_F(ConsoleTest, hands_over_as_much_input_as_fits) {
    Console console = attach();
    const std::string text(3000, 'i');
    EXPECT_EQ(*console.write(text), sizeof ring().in);
    EXPECT_EQ(*console.write(text), 0u);
    EXPECT_EQ(ring().in_prod, sizeof ring().in);
    EXPECT_EQ(std::string(ring().in, sizeof ring().in), text.substr(0, sizeof ring().in));
    ring().in_cons += 10;
    EXPECT_EQ(*console.write(text), 10u);
}

TEST_F(ConsoleTest, survives_indices_that_make_no_sense) {
    Console console = attach();
    for (const auto& [consumer, producer] : std::initializer_list<std::pair<std::uint32_t, std::uint32_t>>{
             {0, 0xffffffff}, {0, 2049}, {5, 4}, {0x80000000, 0}, {0xffffffff, 0x7fffffff}}) {
        ring().out_cons = consumer;
        ring().out_prod = producer;
        ring().in_cons = consumer;
        ring().in_prod = producer;
        EXPECT_LE(console.read()->size(), sizeof ring().out);
        EXPECT_EQ(ring().out_cons, producer) << "the ring starts anew at the guest's index";
        EXPECT_EQ(*console.write(std::string("input")), 0u);
        guest_writes("sane again");
        EXPECT_EQ(*console.read(), "sane again");
    }
}

TEST_F(ConsoleTest, is_attached_by_one_at_a_time) {
    Console console = attach();
    Host other = second_host();
    const auto second = Console::attach(other, find_guest("web"));
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().story().find("web"), std::string::npos);
    EXPECT_FALSE(second.error().advice().empty());
}

TEST_F(ConsoleTest, leaves_nothing_when_it_is_detached) {
    ASSERT_TRUE(host.events());
    const auto before = traces();
    {
        Console console = attach();
        Console moved = std::move(console);
        console = std::move(moved);
        EXPECT_NE(traces(), before);
    }
    EXPECT_EQ(traces(), before);
    attach(); // and again
}

TEST_F(ConsoleTest, leaves_nothing_whichever_call_fails) {
    const GuestInfo guest_info = find_guest("web");
    ASSERT_TRUE(host.events());
    const auto before = traces();
    for (std::size_t number = 1; number <= 2; ++number) {
        xen.clear_calls();
        xen.fail_at(number, EIO);
        const auto console = Console::attach(host, guest_info);
        xen.fail_at(0, 0);
        ASSERT_FALSE(console);
        EXPECT_TRUE(console.error().story().starts_with("attaching to the console of guest web: "));
        EXPECT_EQ(traces(), before);
    }
}

TEST_F(ConsoleTest, sees_the_guest_stop_and_go) {
    Console console = attach();
    EXPECT_TRUE(*console.guest_is_alive());
    guest_writes("last words");
    xen.shut_down(domain(), SHUTDOWN_poweroff);
    EXPECT_FALSE(*console.guest_is_alive());
    EXPECT_EQ(*console.read(), "last words");
}

TEST_F(ConsoleTest, holds_no_more_than_a_zombie_of_a_guest_that_is_destroyed) {
    {
        Console console = attach();
        guest_writes("last words");
        xen.destroy(domain());
        EXPECT_FALSE(*console.guest_is_alive());
        EXPECT_EQ(*console.read(), "last words");
    }
    EXPECT_EQ(xen.find(32700), nullptr);
}

TEST_F(ConsoleTest, finds_the_console_of_a_paravirtual_guest) {
    GuestConfig wanted = config("pv");
    wanted.type = GuestType::pv;
    wanted.kernel = pv_kernel_path();
    xen.on_start = nullptr;
    create_guest(wanted);
    auto console = Console::attach(host, find_guest("pv"));
    ASSERT_TRUE(console) << console.error().story();
    EXPECT_EQ(*console->read(), "");
}

} // namespace
} // namespace chaos
