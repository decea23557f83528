// SPDX-License-Identifier: BSD-3-Clause
// chaos shutdown and reboot, with guests that obey, refuse, dawdle and crash.
#include <signal.h>

#include "cli_fixture.hpp"

namespace chaos::test {
namespace {

using Names = std::vector<std::string>;

class PowerVerbsTest : public CliTest {
  protected:
    fakes::Domain& domain() { return *xen.find(raw(find_guest("web").domain.id)); }
};

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(PowerVerbsTest, shutdown_leaves_the_guest_listed) {
    create_guest();
    EXPECT_EQ(output({"shutdown", "web"}), "");
    EXPECT_TRUE(find_guest("web").domain.shutdown);
    EXPECT_EQ(output({"shutdown", "web"}), "") << "it is what was asked for";
}

TEST_F(PowerVerbsTest, shutdown_and_wait_removes_it) {
    const auto before = traces();
    create_guest();
    EXPECT_EQ(output({"shutdown", "-w", "web"}), "");
    EXPECT_EQ(traces(), before);
}

TEST_F(PowerVerbsTest, waiting_for_a_guest_that_has_stopped_removes_it) {
    create_guest();
    xen.shut_down(domain(), 0);
    EXPECT_EQ(output({"shutdown", "-w", "web"}), "");
    EXPECT_TRUE(names().empty());
}

TEST_F(PowerVerbsTest, shutdown_tells_what_became_of_each_as_json) {
    create_guest("web");
    create_guest("db");
    EXPECT_EQ(nlohmann::json::parse(output({"shutdown", "--json", "db"}))["guests"][0]["result"],
              "requested");
    const auto json = nlohmann::json::parse(output({"shutdown", "--json", "-a", "-w"}));
    ASSERT_EQ(json["guests"].size(), 2u);
    EXPECT_EQ(json["guests"][0]["result"], "stopped");
    EXPECT_EQ(json["guests"][1]["result"], "stopped");
}

TEST_F(PowerVerbsTest, all_are_asked_before_the_first_is_waited_for) {
    create_guest("a");
    create_guest("b");
    guest.obeys = false;
    std::vector<std::size_t> asked_at_look;
    const Outcome outcome = run({"shutdown", "-aw", "--timeout", "0.1"});
    EXPECT_EQ(outcome.code, ExitCode::timed_out);
    EXPECT_EQ(guest.requests.size(), 2u);
    EXPECT_EQ(names().size(), 2u);
}

TEST_F(PowerVerbsTest, a_guest_that_refuses_stays) {
    create_guest();
    guest.answer = NOXS_ANSWER_REFUSED;
    const Outcome outcome = run({"shutdown", "-w", "web"});
    EXPECT_EQ(outcome.code, ExitCode::guest_failed);
    EXPECT_TRUE(holds(outcome.err, "web")) << outcome.err;
    EXPECT_EQ(names(), Names{"web"});
    EXPECT_EQ(output({"shutdown", "-F", "web"}), "");
    EXPECT_TRUE(names().empty());
}

TEST_F(PowerVerbsTest, a_guest_that_does_not_answer_stays_unless_forced) {
    create_guest();
    guest.answers = false;
    EXPECT_EQ(run({"shutdown", "--timeout=0.05", "web"}).code, ExitCode::timed_out);
    EXPECT_EQ(names(), Names{"web"});
    EXPECT_EQ(nlohmann::json::parse(
                  output({"shutdown", "--json", "--timeout=0.05", "-F", "web"}))["guests"][0]["result"],
              "destroyed");
    EXPECT_TRUE(names().empty());
}

TEST_F(PowerVerbsTest, a_guest_that_does_not_stop_stays_unless_forced) {
    create_guest();
    guest.obeys = false;
    const Outcome outcome = run({"shutdown", "-w", "--timeout=0.05", "web"});
    EXPECT_EQ(outcome.code, ExitCode::timed_out);
    EXPECT_TRUE(holds(outcome.err, "-F")) << outcome.err;
    EXPECT_EQ(names(), Names{"web"});
    EXPECT_EQ(output({"shutdown", "-wF", "--timeout=0.05", "web"}), "");
    EXPECT_TRUE(names().empty());
}

TEST_F(PowerVerbsTest, a_guest_that_crashes_on_its_way_down_is_removed_and_told_of) {
    create_guest();
    xen.shut_down(domain(), 3);
    const Outcome outcome = run({"shutdown", "-w", "web"});
    EXPECT_EQ(outcome.code, ExitCode::guest_failed);
    EXPECT_TRUE(holds(outcome.err, "crashed")) << outcome.err;
    EXPECT_TRUE(names().empty());
}

TEST_F(PowerVerbsTest, guests_and_all_exclude_each_other) {
    EXPECT_EQ(run({"shutdown"}).code, ExitCode::usage);
    EXPECT_EQ(run({"shutdown", "-a", "web"}).code, ExitCode::usage);
    EXPECT_EQ(output({"shutdown", "-a"}), "") << "nothing to do is no failure";
}

TEST_F(PowerVerbsTest, a_signal_ends_the_wait_and_leaves_the_guests) {
    create_guest("a");
    create_guest("b");
    guest.answers = false;
    xen.on_notify = [](fakes::Domain&, std::uint32_t) { ::kill(::getpid(), SIGINT); };
    const Outcome outcome = run({"shutdown", "-aw"});
    EXPECT_EQ(outcome.code, ExitCode::interrupted);
    EXPECT_EQ(names().size(), 2u);
}

TEST_F(PowerVerbsTest, reboot_makes_the_guest_anew) {
    const CreatedGuest made = create_guest();
    const auto json = nlohmann::json::parse(output({"reboot", "--json", "web"}));
    const GuestInfo anew = find_guest("web");
    EXPECT_NE(anew.domain.id, made.id);
    EXPECT_EQ(anew.record->uuid, made.uuid);
    EXPECT_FALSE(anew.domain.shutdown);
    EXPECT_EQ(guest.requests, std::vector<std::uint32_t>{NOXS_REQUEST_REBOOT});
    EXPECT_EQ(json["guests"][0]["result"], "rebooted");
    EXPECT_EQ(json["guests"][0]["id"], raw(anew.domain.id));
    EXPECT_EQ(names(), Names{"web"});
}

TEST_F(PowerVerbsTest, reboot_makes_a_guest_that_has_stopped_anew_without_asking) {
    create_guest();
    xen.shut_down(domain(), 3);
    EXPECT_EQ(output({"reboot", "web"}), "");
    EXPECT_TRUE(guest.requests.empty());
    EXPECT_FALSE(find_guest("web").domain.shutdown);
}

TEST_F(PowerVerbsTest, reboot_of_a_guest_that_refuses_needs_force) {
    const CreatedGuest made = create_guest();
    guest.answer = NOXS_ANSWER_REFUSED;
    EXPECT_EQ(run({"reboot", "web"}).code, ExitCode::guest_failed);
    EXPECT_EQ(find_guest("web").domain.id, made.id);
    EXPECT_EQ(output({"reboot", "-F", "web"}), "");
    EXPECT_NE(find_guest("web").domain.id, made.id);
}

TEST_F(PowerVerbsTest, reboot_without_the_kernel_leaves_the_guest_as_it_is) {
    create_guest();
    std::filesystem::remove(kernel_path());
    const Outcome outcome = run({"reboot", "web"});
    EXPECT_EQ(outcome.code, ExitCode::configuration) << outcome.err;
    EXPECT_EQ(names(), Names{"web"});
}

} // namespace
} // namespace chaos::test
