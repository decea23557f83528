// SPDX-License-Identifier: BSD-3-Clause
// Verbs that take several guests: a failure of one does not stop the others, and decides the exit code.
#include "cli_fixture.hpp"

namespace chaos::test {
namespace {

using Names = std::vector<std::string>;

class TargetsTest : public CliTest {};

TEST_F(TargetsTest, destroy_ends_all_that_are_named) {
    const auto before = traces();
    create_guest("a");
    create_guest("b");
    create_guest("c");
    const std::string b = std::to_string(raw(find_guest("b").domain.id));
    EXPECT_EQ(output({"destroy", "a", b, find_guest("c").record->uuid.to_string()}), "");
    EXPECT_EQ(traces(), before);
}

TEST_F(TargetsTest, a_guest_that_is_not_there_does_not_save_the_others) {
    create_guest("a");
    create_guest("b");
    const Outcome outcome = run({"destroy", "a", "nobody", "b", "nobody-else"});
    EXPECT_EQ(outcome.code, ExitCode::no_such_guest);
    EXPECT_NE(outcome.err.find("nobody\n"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("nobody-else"), std::string::npos) << outcome.err;
    EXPECT_TRUE(names().empty());
}

TEST_F(TargetsTest, the_same_guest_named_twice_is_destroyed_once) {
    create_guest("a");
    EXPECT_EQ(run({"destroy", "a", "a"}).code, ExitCode::success);
}

TEST_F(TargetsTest, domains_of_other_tools_are_left_alone) {
    xen.add_domain(7, {0xab});
    create_guest("a");
    EXPECT_EQ(run({"destroy", "7"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"pause", "0"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"shutdown", "Domain-0"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(output({"shutdown", "-aw"}), "");
    EXPECT_TRUE(names().empty());
    EXPECT_NE(xen.find(7), nullptr);
    EXPECT_FALSE(xen.find(7)->shutdown);
}

TEST_F(TargetsTest, json_tells_what_became_of_each) {
    const CreatedGuest made = create_guest("a");
    const Outcome outcome = run({"destroy", "--json", "a", "nobody"});
    const auto json = outcome.json();
    ASSERT_EQ(json["guests"].size(), 2u);
    EXPECT_EQ(json["guests"][0]["asked"], "a");
    EXPECT_EQ(json["guests"][0]["name"], "a");
    EXPECT_EQ(json["guests"][0]["id"], raw(made.id));
    EXPECT_EQ(json["guests"][0]["uuid"], made.uuid.to_string());
    EXPECT_EQ(json["guests"][0]["result"], "destroyed");
    EXPECT_FALSE(json["guests"][0].contains("error"));
    EXPECT_EQ(json["guests"][1]["asked"], "nobody");
    EXPECT_EQ(json["guests"][1]["error"]["kind"], "not_found");
    EXPECT_EQ(json["error"], json["guests"][1]["error"]);
}

TEST_F(TargetsTest, pausing_is_not_counted) {
    create_guest("a");
    EXPECT_EQ(output({"pause", "a"}), "");
    EXPECT_EQ(output({"pause", "a"}), "");
    EXPECT_TRUE(find_guest("a").domain.paused);
    EXPECT_EQ(output({"unpause", "a"}), "");
    EXPECT_FALSE(find_guest("a").domain.paused);
    EXPECT_EQ(output({"unpause", "a"}), "");
    EXPECT_FALSE(find_guest("a").domain.paused);
}

TEST_F(TargetsTest, a_hypercall_that_fails_is_told_with_the_guest) {
    create_guest("a");
    const Outcome first = run({"pause", "a"});
    ASSERT_EQ(first.code, ExitCode::success);
    run({"unpause", "a"});
    xen.clear_calls();
    run({"pause", "a"});
    const auto calls = xen.calls();
    const auto pause = std::find(calls.begin(), calls.end(), "xc_domain_pause") - calls.begin();
    run({"unpause", "a"});
    xen.clear_calls();
    xen.fail_at(static_cast<std::size_t>(pause) + 1, EIO);
    const Outcome outcome = run({"pause", "a"});
    xen.fail_at(0, 0);
    EXPECT_EQ(outcome.code, ExitCode::failure);
    EXPECT_NE(outcome.err.find("pausing guest a: "), std::string::npos) << outcome.err;
}

} // namespace
} // namespace chaos::test
