// SPDX-License-Identifier: BSD-3-Clause
// What is done to guests that run: pausing, asking, renaming, restarting, destroying, and each of these
// failing.
#include "libchaos/domain/lifecycle.hpp"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

#include "tests/fakes/headers.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;

class LifecycleTest : public test::HostTest {
  protected:
    fakes::Domain& domain_of(const GuestInfo& info) { return *xen.find(raw(info.domain.id)); }
    Result<void> ask(PowerRequest request, std::chrono::milliseconds timeout = 10s, int stop_fd = -1) {
        return request_power(host, find_guest("web"), request, timeout, stop_fd);
    }
    /// Does `deed` with each of its calls failing in turn; it must report that, and `expect_after` looks at
    /// what is left.
    template<typename Deed>
    void expect_each_failing_call_to_be_reported(Deed deed, std::size_t at_least) {
        ASSERT_TRUE(host.events());
        std::size_t failures = 0;
        for (std::size_t number = 1;; ++number) {
            const auto before = traces();
            xen.clear_calls();
            xen.fail_at(number, EIO);
            const Result<void> done = deed();
            xen.fail_at(0, 0);
            const auto calls = xen.calls();
            if (calls.size() < number) {
                EXPECT_TRUE(done) << done.error().story();
                break;
            }
            if (done)
                continue;
            SCOPED_TRACE("call " + std::to_string(number) + ", " + calls[number - 1]);
            ++failures;
            EXPECT_EQ(done.error().system_errno(), EIO) << done.error().story();
            EXPECT_NE(done.error().story().find("web"), std::string::npos) << done.error().story();
            EXPECT_EQ(traces(), before);
        }
        EXPECT_GE(failures, at_least);
    }
};

TEST_F(LifecycleTest, pauses_and_unpauses) {
    create_guest();
    const GuestInfo guest_info = find_guest("web");
    ASSERT_TRUE(pause(host, guest_info));
    EXPECT_EQ(domain_of(guest_info).pauses, 1);
    EXPECT_TRUE(find_guest("web").domain.paused);
    xen.on_start = nullptr;
    ASSERT_TRUE(unpause(host, guest_info));
    EXPECT_EQ(domain_of(guest_info).pauses, 0);
    EXPECT_FALSE(find_guest("web").domain.paused);
}

TEST_F(LifecycleTest, reports_a_pause_that_fails) {
    create_guest();
    const GuestInfo guest_info = find_guest("web");
    xen.on_start = nullptr;
    expect_each_failing_call_to_be_reported([&] { return pause(host, guest_info); }, 1);
    expect_each_failing_call_to_be_reported([&] { return unpause(host, guest_info); }, 1);
}

// ---- destroying
// ----------------------------------------------------------------------------------------------

TEST_F(LifecycleTest, destroys_a_guest_with_everything_that_it_had) {
    const auto before = traces();
    create_guest();
    ASSERT_TRUE(destroy(host, find_guest("web")));
    EXPECT_EQ(traces(), before);
}

TEST_F(LifecycleTest, destroys_a_guest_that_is_gone_already) {
    const auto before = traces();
    create_guest();
    const GuestInfo guest_info = find_guest("web");
    xen.destroy(domain_of(guest_info));
    EXPECT_TRUE(destroy(host, guest_info));
    EXPECT_EQ(traces(), before);
}

TEST_F(LifecycleTest, does_not_forget_a_guest_that_it_could_not_destroy) {
    create_guest();
    const GuestInfo guest_info = find_guest("web");
    expect_each_failing_call_to_be_reported([&] { return destroy(host, guest_info); }, 2);
    EXPECT_EQ(xen.find(32700), nullptr) << "the last attempt was not disturbed";
}

TEST_F(LifecycleTest, does_not_destroy_another_guest_under_the_same_id) {
    create_guest();
    const GuestInfo old = find_guest("web");
    xen.destroy(domain_of(old));
    xen.add_domain(32700, {9}); // another toolstack's, made since
    ASSERT_TRUE(destroy(host, old));
    EXPECT_NE(xen.find(32700), nullptr);
    EXPECT_TRUE(test::contents_of(state_directory()).empty());
}

// ---- asking over the system device
// ----------------------------------------------------------------------------

TEST_F(LifecycleTest, asks_the_guest_for_what_was_wanted) {
    create_guest();
    guest.obeys = false;
    ASSERT_TRUE(ask(PowerRequest::poweroff));
    ASSERT_TRUE(ask(PowerRequest::reboot));
    ASSERT_TRUE(ask(PowerRequest::crash));
    EXPECT_EQ(guest.requests,
              (std::vector<std::uint32_t>{NOXS_REQUEST_POWEROFF, NOXS_REQUEST_REBOOT, NOXS_REQUEST_CRASH}));
    EXPECT_EQ(xen.state().mapped_pages, 0u);
    EXPECT_EQ(xen.state().local_ports, 0u);
}

TEST_F(LifecycleTest, asks_and_waits_until_the_guest_is_down) {
    create_guest();
    ASSERT_TRUE(ask(PowerRequest::reboot));
    const auto reason = wait_for_shutdown(host, find_guest("web"), 10s);
    ASSERT_TRUE(reason) << reason.error().story();
    EXPECT_EQ(*reason, xen::ShutdownReason::reboot);
}

TEST_F(LifecycleTest, counts_a_guest_that_stopped_without_an_answer_as_obedient) {
    create_guest();
    guest.answers = false;
    xen.on_notify = [&](fakes::Domain& domain, std::uint32_t) { xen.shut_down(domain, SHUTDOWN_poweroff); };
    EXPECT_TRUE(ask(PowerRequest::poweroff));
}

TEST_F(LifecycleTest, reports_a_guest_that_refuses) {
    create_guest();
    guest.answer = NOXS_ANSWER_REFUSED;
    const auto asked = ask(PowerRequest::poweroff);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().kind(), ErrorKind::guest_failed);
    EXPECT_EQ(asked.error().story(), "shutting down guest web: the guest refused");
}

TEST_F(LifecycleTest, times_out_on_a_guest_that_does_not_answer_and_leaves_nothing_bound) {
    create_guest();
    ASSERT_TRUE(host.events());
    guest.answers = false;
    const auto before = traces();
    EXPECT_EQ(ask(PowerRequest::poweroff, 60ms).error().kind(), ErrorKind::timed_out);
    EXPECT_EQ(traces(), before);
}

TEST_F(LifecycleTest, can_be_interrupted_while_it_waits_for_an_answer) {
    create_guest();
    guest.answers = false;
    const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
    EXPECT_EQ(ask(PowerRequest::poweroff, 10s, stop.get()).error().kind(), ErrorKind::interrupted);
    EXPECT_EQ(wait_for_shutdown(host, find_guest("web"), 10s, stop.get()).error().kind(),
              ErrorKind::interrupted);
}

TEST_F(LifecycleTest, takes_answers_that_the_contract_does_not_know_for_nothing_new) {
    create_guest();
    for (const std::uint32_t answer : {0u, 3u, 0xffffffffu}) {
        guest.answer = answer;
        EXPECT_EQ(ask(PowerRequest::poweroff, 60ms).error().kind(), ErrorKind::timed_out) << answer;
    }
}

TEST_F(LifecycleTest, takes_an_answer_to_another_request_for_nothing_new) {
    create_guest();
    auto& domain = *xen.find(32700);
    guest.answers = false;
    xen.on_notify = [&](fakes::Domain&, std::uint32_t) {
        noxs_system_page* page = guest.system_page(domain);
        page->guest.answer = NOXS_ANSWER_ACCEPTED;
        page->guest.answer_sequence = page->backend.request_sequence + 1;
        xen.notify_from(domain, 1);
    };
    EXPECT_EQ(ask(PowerRequest::poweroff, 60ms).error().kind(), ErrorKind::timed_out);
}

TEST_F(LifecycleTest, survives_a_guest_that_overwrites_the_half_that_is_not_its_own) {
    create_guest();
    auto& domain = *xen.find(32700);
    std::memset(guest.system_page(domain), 0xff, page_size);
    EXPECT_TRUE(ask(PowerRequest::poweroff))
        << "the number that follows 0xffffffff must not be 0, which says nothing";
}

TEST_F(LifecycleTest, does_not_ask_a_guest_that_has_stopped) {
    create_guest();
    xen.shut_down(*xen.find(32700), SHUTDOWN_crash);
    const auto asked = ask(PowerRequest::poweroff);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().kind(), ErrorKind::guest_failed);
    EXPECT_NE(asked.error().story().find("crashed"), std::string::npos);
}

TEST_F(LifecycleTest, cannot_ask_a_stock_kernel) {
    GuestConfig wanted = config();
    wanted.kernel = stock_kernel_path();
    xen.on_start = nullptr;
    create_guest(wanted);
    EXPECT_EQ(ask(PowerRequest::poweroff).error().kind(), ErrorKind::guest_failed);
}

TEST_F(LifecycleTest, reports_each_call_that_fails_while_asking) {
    create_guest();
    guest.obeys = false;
    const GuestInfo guest_info = find_guest("web");
    expect_each_failing_call_to_be_reported(
        [&] { return request_power(host, guest_info, PowerRequest::poweroff, 10s); }, 3);
}

// ---- waiting for the end
// --------------------------------------------------------------------------------------

TEST_F(LifecycleTest, waits_for_the_end_and_says_why) {
    create_guest();
    const GuestInfo guest_info = find_guest("web");
    for (const auto reason :
         {xen::ShutdownReason::poweroff, xen::ShutdownReason::crash, xen::ShutdownReason::watchdog}) {
        xen.shut_down(domain_of(guest_info), static_cast<std::uint8_t>(reason));
        const auto waited = wait_for_shutdown(host, guest_info, 10s);
        ASSERT_TRUE(waited) << waited.error().story();
        EXPECT_EQ(*waited, reason);
    }
    xen.destroy(domain_of(guest_info));
    EXPECT_EQ(*wait_for_shutdown(host, guest_info, 10s), xen::ShutdownReason::poweroff);
}

TEST_F(LifecycleTest, does_not_wait_for_another_guest_under_the_same_id) {
    create_guest();
    const GuestInfo old = find_guest("web");
    xen.destroy(domain_of(old));
    xen.add_domain(32700, {9});
    EXPECT_EQ(*wait_for_shutdown(host, old, 10s), xen::ShutdownReason::poweroff);
}

TEST_F(LifecycleTest, stops_waiting_for_the_end_when_the_time_is_over) {
    create_guest();
    const auto waited = wait_for_shutdown(host, find_guest("web"), 30ms);
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().kind(), ErrorKind::timed_out);
    EXPECT_NE(waited.error().story().find("web"), std::string::npos);
}

// ---- renaming and restarting
// ----------------------------------------------------------------------------------

TEST_F(LifecycleTest, renames) {
    create_guest();
    ASSERT_TRUE(rename(host, find_guest("web"), "mail"));
    EXPECT_EQ(find_guest("mail").name(), "mail");
    EXPECT_EQ(find(host, "web").error().kind(), ErrorKind::not_found);
}

TEST_F(LifecycleTest, renames_to_the_name_of_a_guest_that_is_gone) {
    create_guest("mail");
    create_guest("web");
    xen.destroy(domain_of(find_guest("mail")));
    ASSERT_TRUE(rename(host, find_guest("web"), "mail"));
    EXPECT_EQ(find_guest("mail").domain.id, DomainId{32699});
}

TEST_F(LifecycleTest, does_not_rename_to_the_name_of_a_living_guest_or_to_no_name) {
    create_guest("mail");
    create_guest("web");
    const auto before = traces();
    EXPECT_EQ(rename(host, find_guest("web"), "mail").error().kind(), ErrorKind::name_taken);
    EXPECT_EQ(rename(host, find_guest("web"), "../mail").error().kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(traces(), before);
}

TEST_F(LifecycleTest, restarts_a_guest_as_it_was_made) {
    GuestConfig wanted = config();
    wanted.command_line = "one two";
    const CreatedGuest first = create_guest(wanted);
    const auto second = restart(host, find_guest("web"), {});
    ASSERT_TRUE(second) << second.error().story();
    EXPECT_EQ(second->uuid, first.uuid);
    EXPECT_NE(second->id, first.id);
    EXPECT_EQ(xen.find(raw(first.id)), nullptr);
    EXPECT_EQ(fakes::boot_view(xen, *xen.find(raw(second->id))).command_line, "one two");
    EXPECT_EQ(test::contents_of(state_directory()).size(), 2u);
}

TEST_F(LifecycleTest, does_not_end_a_guest_that_cannot_be_made_again) {
    create_guest();
    const GuestInfo guest_info = find_guest("web");
    ASSERT_EQ(::unlink(kernel_path().c_str()), 0);
    const auto before = traces();
    EXPECT_FALSE(restart(host, guest_info, {}));
    EXPECT_EQ(traces(), before);
}

} // namespace
} // namespace chaos
