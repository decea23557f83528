// SPDX-License-Identifier: BSD-3-Clause
// chaos create: what is made, what is refused, and that nothing stays when it fails half way.
#include <signal.h>

#include "chaos/context.hpp"
#include "cli_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos::test {
namespace {

using Names = std::vector<std::string>;

class CreateVerbTest : public CliTest {
  protected:
    /// Runs a create that must fail with that code and leave nothing; what it printed.
    std::string refused(ExitCode expected, const std::vector<std::string>& words) {
        const auto before = traces();
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, expected) << outcome.err;
        EXPECT_EQ(traces(), before);
        return outcome.err;
    }
};

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(CreateVerbTest, makes_one_guest_and_says_nothing) {
    EXPECT_EQ(output({"create", config_file()}), "");
    const GuestInfo made = find_guest("web");
    EXPECT_FALSE(made.domain.paused);
    EXPECT_EQ(made.record->config.memory_kib, 4096u);
}

TEST_F(CreateVerbTest, settings_override_the_file) {
    EXPECT_EQ(output({"create", config_file(), "name=other", "memory=8M", "cmdline=\"a b\""}), "");
    const GuestInfo made = find_guest("other");
    EXPECT_EQ(made.record->config.memory_kib, 8192u);
    EXPECT_EQ(made.record->config.command_line, "a b");
}

TEST_F(CreateVerbTest, settings_alone_are_enough) {
    EXPECT_EQ(output({"create", "name=web", "kernel=" + kernel_path(), "memory=4"}), "");
    EXPECT_EQ(names(), Names{"web"});
}

TEST_F(CreateVerbTest, a_file_may_have_an_equals_sign_behind_a_slash) {
    write_file(directory / "a=b", "name = \"web\"\nmemory = 4\nkernel = \"" + kernel_path() + "\"");
    EXPECT_EQ(output({"create", directory / "a=b"}), "");
}

TEST_F(CreateVerbTest, leaves_a_guest_paused_if_told_so) {
    EXPECT_EQ(output({"create", "-p", config_file()}), "");
    EXPECT_TRUE(find_guest("web").domain.paused);
}

TEST_F(CreateVerbTest, tells_what_it_made_as_json) {
    const auto json = nlohmann::json::parse(output({"create", "--json", "--wait", config_file()}));
    ASSERT_EQ(json["guests"].size(), 1u);
    const auto& made = json["guests"][0];
    EXPECT_EQ(made["name"], "web");
    EXPECT_EQ(made["id"], raw(find_guest("web").domain.id));
    EXPECT_EQ(made["uuid"], find_guest("web").record->uuid.to_string());
    EXPECT_TRUE(made["prepare_us"].is_number_unsigned());
    EXPECT_TRUE(made["execute_us"].is_number_unsigned());
    EXPECT_FALSE(json.contains("error"));
    const auto unwaited = nlohmann::json::parse(output({"create", "--json", config_file("other")}));
    EXPECT_TRUE(unwaited["guests"][0]["ready_us"].is_null());
}

TEST_F(CreateVerbTest, verbose_says_where_the_time_went) {
    const Outcome outcome = run({"-v", "create", "--wait", config_file()});
    EXPECT_EQ(outcome.code, ExitCode::success);
    EXPECT_TRUE(outcome.err.starts_with("created guest web as domain ")) << outcome.err;
    EXPECT_TRUE(holds(outcome.err, "prepare")) << outcome.err;
}

TEST_F(CreateVerbTest, makes_many_with_names_and_uuids_of_their_own) {
    EXPECT_EQ(output({"create", "-n", "3", "--wait", config_file()}), "");
    Names made = names();
    std::sort(made.begin(), made.end());
    EXPECT_EQ(made, (Names{"web-1", "web-2", "web-3"}));
    EXPECT_NE(find_guest("web-1").record->uuid, find_guest("web-2").record->uuid);
    EXPECT_EQ(output({"create", "-n1", config_file()}), "");
    EXPECT_EQ(find_guest("web").name(), "web") << "one guest keeps its name";
}

TEST_F(CreateVerbTest, many_cannot_share_what_only_one_can_have) {
    for (const std::string item : {"vif=['mac=00:16:3e:00:00:01']", "vif=['vifname=tap7']",
                                   "vif=['ip=10.0.0.2']", "disk=['/srv/a.img,raw,xvda,rw']"})
        EXPECT_TRUE(
            holds(refused(ExitCode::configuration, {"create", "-n", "2", config_file(), item}), "2 guests"))
            << item;
}

TEST_F(CreateVerbTest, a_dry_run_tells_of_devices) {
    const std::string vif = "vif=['bridge=xenbr0,ip=10.0.0.2/16']",
                      disk = "disk=['" + kernel_path() + ",raw,xvda,r']";
    EXPECT_TRUE(holds(output({"create", "--dry-run", config_file(), vif, disk}), ", 1 vif, 1 disk"));
    const auto json =
        nlohmann::json::parse(output({"create", "--dry-run", "--json", config_file(), vif, disk}));
    EXPECT_EQ(json["guests"][0]["config"]["vifs"][0]["ipv4"], "10.0.0.2");
    EXPECT_EQ(json["guests"][0]["config"]["disks"][0]["device_name"], "xvda");
}

TEST_F(CreateVerbTest, many_cannot_share_a_uuid) {
    const std::string uuid = "uuid=12345678-1234-1234-1234-123456789abc";
    EXPECT_TRUE(holds(refused(ExitCode::configuration, {"create", "-n", "2", config_file(), uuid}), "uuid"));
    EXPECT_EQ(output({"create", "-n", "1", config_file(), uuid}), "");
}

TEST_F(CreateVerbTest, a_number_that_makes_the_name_too_long_is_refused_at_once) {
    EXPECT_TRUE(holds(
        refused(ExitCode::usage, {"create", "-n", "100", config_file(), "name=" + std::string(62, 'n')}),
        "64"));
}

TEST_F(CreateVerbTest, a_dry_run_makes_nothing_and_needs_no_xen) {
    xen.fail_at(1, EACCES);
    const auto before = traces();
    EXPECT_EQ(output({"create", "--dry-run", "-n2", config_file()}),
              "would create web-1 to web-2: pvh, 4 MiB, 1 vCPU, kernel " + kernel_path() + "\n");
    EXPECT_EQ(output({"create", "--dry-run", config_file(), "memory=256K", "vcpus=2", "cmdline=x"}),
              "would create web: pvh, 0.25 MiB, 2 vCPUs, kernel " + kernel_path() + ", command line 'x'\n");
    const auto json = nlohmann::json::parse(output({"create", "--dry-run", "--json", "-n2", config_file()}));
    ASSERT_EQ(json["guests"].size(), 2u);
    EXPECT_EQ(json["guests"][1]["name"], "web-2");
    EXPECT_EQ(json["guests"][1]["config"]["memory_kib"], 4096);
    EXPECT_EQ(json["guests"][1]["config"]["kernel"], kernel_path());
    EXPECT_EQ(json["guests"][1]["config"]["type"], "pvh");
    EXPECT_TRUE(xen.calls().empty());
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateVerbTest, a_dry_run_finds_what_a_run_would) {
    refused(ExitCode::configuration, {"create", "--dry-run", config_file(), "memory=0"});
    refused(ExitCode::configuration, {"create", "--dry-run", config_file(), "kernel=/nonexistent"});
    refused(ExitCode::configuration, {"create", "--dry-run", config_file(), "ramdisk=/nonexistent"});
    refused(ExitCode::configuration, {"create", "--dry-run", config_file(), "type=pv"});
    write_file(directory / "truncated", "\177ELF");
    refused(ExitCode::configuration,
            {"create", "--dry-run", config_file(), "kernel=" + (directory / "truncated")});
}

TEST_F(CreateVerbTest, wrong_configurations_have_an_exit_code) {
    EXPECT_TRUE(holds(refused(ExitCode::configuration, {"create", "/nonexistent.cfg"}), "/nonexistent.cfg"));
    EXPECT_TRUE(holds(refused(ExitCode::configuration, {"create", config_file(), "memroy=4"}), "memory"));
    EXPECT_TRUE(
        holds(refused(ExitCode::configuration, {"create", config_file(), "vif=['backend=x']"}), "vif"));
    EXPECT_TRUE(holds(refused(ExitCode::configuration,
                              {"create", "-n", "2", config_file(), "vif=['mac=00:16:3e:01:02:03']"}),
                      "one MAC address"));
}

TEST_F(CreateVerbTest, options_that_exclude_each_other_are_refused) {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"-c", "-n2"},
                                                                                       {"-c", "--wait"},
                                                                                       {"-c", "--json"},
                                                                                       {"-p", "--wait=3"},
                                                                                       {"-n", "0"},
                                                                                       {"-n", "32752"},
                                                                                       {"--wait=0"},
                                                                                       {}}) {
        std::vector<std::string> call{"create"};
        call.insert(call.end(), words.begin(), words.end());
        if (!words.empty())
            call.push_back(config_file());
        refused(ExitCode::usage, call);
    }
    EXPECT_TRUE(holds(refused(ExitCode::usage, {"create", "-n", config_file()}), "--dry-run"))
        << "users of xl know -n as the dry run";
}

TEST_F(CreateVerbTest, a_name_that_is_taken_is_told_with_a_way_out) {
    create_guest("web");
    const std::string told = refused(ExitCode::name_taken, {"create", config_file()});
    EXPECT_TRUE(holds(told, "web")) << told;
    EXPECT_TRUE(holds(told, "chaos destroy")) << told;
}

TEST_F(CreateVerbTest, what_was_made_before_a_failure_is_destroyed_again) {
    create_guest("web-4");
    const std::string told = refused(ExitCode::name_taken, {"create", "-n", "5", config_file()});
    EXPECT_TRUE(holds(told, "web-4")) << told;
    EXPECT_TRUE(holds(told, "the 3 guests made so far were destroyed again")) << told;
    EXPECT_EQ(names(), Names{"web-4"});
}

TEST_F(CreateVerbTest, one_guest_made_before_a_failure_is_named) {
    create_guest("web-2");
    EXPECT_TRUE(holds(refused(ExitCode::name_taken, {"create", "-n", "5", config_file()}),
                      "guest web-1 was destroyed again"));
}

TEST_F(CreateVerbTest, running_out_of_memory_undoes_everything) {
    const std::string told = refused(ExitCode::out_of_memory, {"create", "-n", "100", config_file()});
    EXPECT_TRUE(holds(told, "destroyed again")) << told;
    EXPECT_TRUE(names().empty());
}

TEST_F(CreateVerbTest, a_guest_that_dies_is_undone_and_its_last_words_are_shown) {
    guest.says = "I cannot go on.\n";
    guest.says_ready = false;
    guest.stops_with = 3;
    const std::string told = refused(ExitCode::guest_failed, {"create", "--wait", config_file()});
    EXPECT_TRUE(holds(told, "  I cannot go on.\n")) << told;
}

TEST_F(CreateVerbTest, a_guest_that_is_never_ready_is_undone) {
    guest.says_ready = false;
    refused(ExitCode::timed_out, {"create", "--wait=0.05", config_file()});
}

TEST_F(CreateVerbTest, waiting_for_a_kernel_that_does_not_speak_noxs_is_refused) {
    refused(ExitCode::usage,
            {"create", "--wait", config_file(), "kernel=" + stock_kernel_path(), "memory=16"});
}

/// Sends the signal when guest number `number` begins to run.
void interrupt_at_start(fakes::Xen& xen, int number, int signal) {
    xen.on_start = [previous = xen.on_start, left = number, signal](fakes::Domain& domain) mutable {
        previous(domain);
        if (--left == 0)
            ::kill(::getpid(), signal);
    };
}

TEST_F(CreateVerbTest, a_signal_undoes_everything) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        interrupt_at_start(xen, 3, signal);
        const std::string told = refused(ExitCode::interrupted, {"create", "-n", "20", config_file()});
        EXPECT_TRUE(holds(told, "interrupted")) << told;
        EXPECT_TRUE(holds(told, "destroyed again")) << told;
    }
}

TEST_F(CreateVerbTest, a_signal_that_comes_after_the_last_guest_is_obeyed_too) {
    interrupt_at_start(xen, 1, SIGINT);
    EXPECT_TRUE(
        holds(refused(ExitCode::interrupted, {"create", config_file()}), "guest web was destroyed again"));
}

TEST_F(CreateVerbTest, a_signal_ends_the_wait_for_a_guest) {
    guest.says_ready = false;
    interrupt_at_start(xen, 1, SIGINT);
    refused(ExitCode::interrupted, {"create", "--wait", config_file()});
}

bool is_pending(int signal) {
    sigset_t pending;
    ::sigpending(&pending);
    return sigismember(&pending, signal) == 1;
}

TEST_F(CreateVerbTest, a_signal_that_was_obeyed_is_used_up) {
    interrupt_at_start(xen, 1, SIGINT);
    refused(ExitCode::interrupted, {"create", config_file()});
    EXPECT_FALSE(is_pending(SIGINT));
}

TEST_F(CreateVerbTest, a_signal_after_the_work_makes_no_failure_of_a_success) {
    EXPECT_EQ(run({"create", config_file()}).code, ExitCode::success);
    ::kill(::getpid(), SIGTERM); // would end this process
    ASSERT_TRUE(is_pending(SIGTERM));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    const timespec at_once{};
    EXPECT_EQ(::sigtimedwait(&signals, nullptr, &at_once), SIGTERM) << "the next test would get it";
}

} // namespace
} // namespace chaos::test
