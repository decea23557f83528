// SPDX-License-Identifier: BSD-3-Clause
// chaos console and create -c, with a pipe for a user.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli_fixture.hpp"
#include "libchaos/domain/console.hpp"

namespace chaos::test {
namespace {

class ConsoleVerbTest : public CliTest {
  protected:
    ConsoleVerbTest() : before_(::dup(STDIN_FILENO)) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        ::dup2(ends[0], STDIN_FILENO);
        ::close(ends[0]);
        input_.reset(ends[1]);
    }
    ~ConsoleVerbTest() override { ::dup2(before_.get(), STDIN_FILENO); }

    void type(std::string_view text) {
        EXPECT_EQ(::write(input_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void end_input() { input_.reset(); }
    fakes::Domain& domain() { return *xen.find(raw(find_guest("web").domain.id)); }
    /// The guest stops when it is notified for the `number`th time.
    void stop_at_notification(int number, std::uint8_t reason = 0) {
        xen.on_notify = [this, left = number, reason](fakes::Domain& notified, std::uint32_t) mutable {
            if (--left == 0)
                xen.shut_down(notified, reason);
        };
    }

  private:
    UniqueFd before_;
    UniqueFd input_;
};

TEST_F(ConsoleVerbTest, prints_what_was_written_and_ends_with_the_guest) {
    guest.says = "up and running\n";
    create_guest();
    xen.shut_down(domain(), 0);
    EXPECT_EQ(output({"console", "web"}), "up and running\n");
}

TEST_F(ConsoleVerbTest, a_dump_does_not_wait) {
    guest.says = "up and running\n";
    create_guest();
    EXPECT_EQ(output({"console", "--dump", "web"}), "up and running\n");
    EXPECT_EQ(output({"console", "--dump", "web"}), "") << "it was read already";
}

TEST_F(ConsoleVerbTest, hands_input_over_and_outlives_its_end) {
    create_guest();
    type("hello\x1d\n"); // Ctrl-] is for terminals
    end_input();
    std::string taken;
    xen.on_notify = [&](fakes::Domain& notified, std::uint32_t) {
        const auto* ring = reinterpret_cast<const char*>(guest.console_page(notified));
        taken.assign(ring, 7); // the input ring is at the page's start
        xen.shut_down(notified, 0);
    };
    EXPECT_EQ(output({"console", "web"}), "");
    EXPECT_EQ(taken, "hello\x1d\n");
}

TEST_F(ConsoleVerbTest, a_crash_is_told) {
    guest.says = "trap 14\n";
    create_guest();
    xen.shut_down(domain(), 3);
    const Outcome outcome = run({"console", "web"});
    EXPECT_EQ(outcome.code, ExitCode::guest_failed);
    EXPECT_EQ(outcome.out, "trap 14\n");
    EXPECT_NE(outcome.err.find("guest web crashed"), std::string::npos) << outcome.err;
}

TEST_F(ConsoleVerbTest, a_signal_leaves) {
    create_guest();
    type("x");
    xen.on_notify = [](fakes::Domain&, std::uint32_t) { ::kill(::getpid(), SIGTERM); };
    EXPECT_EQ(run({"console", "web"}).code, ExitCode::interrupted);
    EXPECT_FALSE(find_guest("web").domain.shutdown);
}

TEST_F(ConsoleVerbTest, a_second_one_is_refused) {
    create_guest();
    const auto first = Console::attach(host, find_guest("web"));
    ASSERT_TRUE(first);
    const Outcome outcome = run({"console", "web"});
    EXPECT_NE(outcome.code, ExitCode::success);
    EXPECT_NE(outcome.err.find("another"), std::string::npos) << outcome.err;
}

TEST_F(ConsoleVerbTest, create_attended_sees_the_first_words_and_leaves_the_guest_listed) {
    guest.says = "first words\n";
    guest.stops_with = 0;
    EXPECT_EQ(output({"create", "-c", config_file()}), "first words\n");
    EXPECT_TRUE(find_guest("web").domain.shutdown);
}

TEST_F(ConsoleVerbTest, create_attended_tells_of_a_crash) {
    guest.says = "trap 14\n";
    guest.stops_with = 3;
    const Outcome outcome = run({"create", "-c", config_file()});
    EXPECT_EQ(outcome.code, ExitCode::guest_failed);
    EXPECT_EQ(outcome.out, "trap 14\n");
}

TEST_F(ConsoleVerbTest, create_attended_can_leave_the_guest_paused) {
    xen.before_call = [](std::string_view call) {
        if (call == "xc_domain_unpause")
            ADD_FAILURE() << "it was let run";
    };
    type("x");
    xen.on_notify = [](fakes::Domain&, std::uint32_t) { ::kill(::getpid(), SIGTERM); };
    EXPECT_EQ(run({"create", "-c", "-p", config_file()}).code, ExitCode::interrupted);
    EXPECT_TRUE(find_guest("web").domain.paused);
}

} // namespace
} // namespace chaos::test
