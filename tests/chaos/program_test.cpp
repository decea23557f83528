// SPDX-License-Identifier: BSD-3-Clause
// What stands before the verb, and how the program answers calls that make no sense.
#include "cli_fixture.hpp"

namespace chaos::test {
namespace {

class ProgramTest : public CliTest {};

TEST_F(ProgramTest, without_a_verb_it_says_where_to_look) {
    const Outcome outcome = run({});
    EXPECT_EQ(outcome.code, ExitCode::usage);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "chaos: no verb was given\n  'chaos help' lists the verbs.\n");
    EXPECT_EQ(run({"-v"}).err, outcome.err);
}

TEST_F(ProgramTest, help_is_the_same_however_one_asks) {
    const std::string overview = output({"help"});
    EXPECT_EQ(output({"--help"}), overview);
    EXPECT_EQ(output({"-h"}), overview);
    const std::string create = output({"help", "create"});
    EXPECT_EQ(output({"create", "--help"}), create);
    EXPECT_EQ(output({"create", "-h", "--json"}), create);
    EXPECT_EQ(output({"create", "file", "--help"}), create);
}

TEST_F(ProgramTest, the_version_needs_no_xen) {
    xen.fail_at(1, EPERM);
    EXPECT_EQ(output({"--version"}), output({"version"}));
    EXPECT_EQ(output({"version"}).substr(0, 6), "chaos ");
    const auto json = nlohmann::json::parse(output({"version", "--json"}));
    EXPECT_EQ(json["built_for_xen"].get<std::string>().substr(0, 2), "4.");
    EXPECT_FALSE(json["chaos"].get<std::string>().empty());
    EXPECT_TRUE(xen.calls().empty());
}

TEST_F(ProgramTest, an_unknown_verb_is_guessed) {
    const Outcome outcome = run({"creat"});
    EXPECT_EQ(outcome.code, ExitCode::usage);
    EXPECT_EQ(outcome.err, "chaos: unknown verb 'creat'\n  Did you mean 'create'?\n");
    EXPECT_EQ(run({"migrate"}).err, "chaos: unknown verb 'migrate'\n  'chaos help' lists the verbs.\n");
    EXPECT_EQ(run({"help", "lsit"}).err, "chaos: unknown verb 'lsit'\n  Did you mean 'list'?\n");
    EXPECT_EQ(run({""}).code, ExitCode::usage);
}

TEST_F(ProgramTest, the_state_directory_can_be_another_one) {
    const std::string other = directory / "other";
    EXPECT_EQ(run({"--state-directory", other, "create", config_file()}).code, ExitCode::success);
    EXPECT_EQ(run({"--state-directory=" + other, "domid", "web"}).code, ExitCode::success);
    EXPECT_EQ(run({"domid", "web"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"--state-directory"}).code, ExitCode::usage);
    EXPECT_EQ(run({"--state-directory", other}).code, ExitCode::usage) << "DIR is no verb";
}

TEST_F(ProgramTest, wrong_usage_says_which_verb_to_look_up) {
    const Outcome outcome = run({"rename", "web"});
    EXPECT_EQ(outcome.code, ExitCode::usage);
    EXPECT_EQ(outcome.err, "chaos: NAME is missing\n  'chaos help rename' explains the verb.\n");
}

TEST_F(ProgramTest, failures_are_told_as_json_too) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"domid", "nobody", "--json"}, {"list", "--json", "--nope"}, {"rename", "--json", "a"}}) {
        const Outcome outcome = run(words);
        EXPECT_NE(outcome.code, ExitCode::success);
        EXPECT_NE(outcome.err, "");
        const auto json = outcome.json();
        EXPECT_EQ(json.size(), 1u);
        EXPECT_EQ(json["error"].size(), 3u);
        EXPECT_TRUE(json["error"]["kind"].is_string());
        EXPECT_TRUE(json["error"]["message"].is_string());
        EXPECT_TRUE(json["error"].contains("advice"));
    }
    EXPECT_EQ(run({"domid", "nobody", "--json"}).json()["error"]["kind"], "not_found");
}

TEST_F(ProgramTest, a_host_that_cannot_be_used_has_an_exit_code_of_its_own) {
    xen.fail_at(1, EACCES);
    EXPECT_EQ(run({"list"}).code, ExitCode::host);
    xen.clear_calls();
    xen.fail_at(0, 0);
    xen.version = {4, 99};
    const Outcome outcome = run({"list"});
    EXPECT_EQ(outcome.code, ExitCode::host);
    EXPECT_NE(outcome.err.find("4.99"), std::string::npos) << outcome.err;
}

} // namespace
} // namespace chaos::test
