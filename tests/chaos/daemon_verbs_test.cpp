// SPDX-License-Identifier: BSD-3-Clause
// The verbs that chaosd carries out, from the command line through its server to a pretend service.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <unistd.h>

#include "cli_fixture.hpp"
#include "running_chaosd.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos::test {
namespace {

class DaemonVerbsTest : public CliTest {
  protected:
    std::vector<std::string> made() {
        std::vector<std::string> found;
        daemon.with_service([&](FakeService& service) { found = service.names(); });
        return found;
    }
    /// chaos WORDS…, which must fail with `expected`; what it says.
    std::string refused(ExitCode expected, const std::vector<std::string>& words) {
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.code, expected) << outcome.err;
        return outcome.err;
    }
    void make_pool() {
        EXPECT_EQ(output({"flavour", "set", "small", "memory=4", "kernel=/boot/noop"}), "");
        EXPECT_EQ(output({"pool", "create", "small", "4", "--min", "1"}), "");
    }

    RunningChaosd daemon{state_directory() + "/chaosd.sock"};
};

TEST_F(DaemonVerbsTest, create_asks_the_daemon_where_there_is_one) {
    EXPECT_EQ(output({"create", config_file()}), "");
    EXPECT_EQ(made(), std::vector<std::string>{"web"});
    EXPECT_TRUE(names().empty()) << "nothing was made here";
    EXPECT_EQ(output({"create", "--no-daemon", config_file("local")}), "");
    EXPECT_EQ(output({"create", "-s", config_file("too")}), "");
    EXPECT_EQ(output({"create", "--skip-daemon", config_file("old")}), "");
    EXPECT_EQ(names().size(), 3u);
    daemon.stop();
    EXPECT_EQ(output({"create", config_file("after")}), "");
    EXPECT_EQ(names().size(), 4u);
}

TEST_F(DaemonVerbsTest, create_tells_of_pools_and_phases) {
    make_pool();
    const auto hit = nlohmann::json::parse(
        output({"create", "--json", "--flavour", "small", "--wait", config_file()}))["guests"][0];
    EXPECT_EQ(hit["name"], "web");
    EXPECT_EQ(hit["hit"], true);
    EXPECT_EQ(hit["pool"], "small");
    EXPECT_EQ(hit["prepare_us"], 0);
    EXPECT_EQ(hit["ready_us"], 900);
    EXPECT_EQ(hit["queued_us"], 10);
    EXPECT_EQ(hit["total_us"], 720);
    const auto miss = nlohmann::json::parse(output({"create", "--json", config_file("other")}))["guests"][0];
    EXPECT_EQ(miss["hit"], false);
    EXPECT_EQ(miss["pool"], nullptr);
    EXPECT_EQ(miss["ready_us"], nullptr);
    const auto local =
        nlohmann::json::parse(output({"create", "--json", "--no-daemon", config_file("local")}))["guests"][0];
    EXPECT_EQ(local["hit"], false);
    EXPECT_EQ(local["queued_us"], 0);
    EXPECT_EQ(run({"-v", "create", "--flavour", "small", config_file("third")}).err,
              "created guest third as domain 103 from pool small: prepare 0.000 ms, execute 0.700 ms\n");
    EXPECT_EQ(refused(ExitCode::usage, {"create", "--flavour", "small", "-s", config_file("x")})
                  .find("chaos: --flavour"),
              0u);
}

TEST_F(DaemonVerbsTest, create_asks_for_what_the_file_says) {
    const std::string before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    write_file(directory / "disk.img", "");
    EXPECT_EQ(output({"create", "-p", config_file(), "kernel=noop", "ramdisk=initrd", "cmdline=x", "vcpus=2",
                      "vif=['bridge=xenbr0']", "disk=['disk.img,raw,xvda,r']"}),
              "");
    std::filesystem::current_path(before);
    daemon.with_service([&](FakeService& service) {
        const GuestConfig& config = service.last_create->config;
        EXPECT_EQ(config.kernel, directory / "noop") << "the daemon has another directory";
        EXPECT_EQ(config.ramdisk, directory / "initrd");
        EXPECT_EQ(config.disks.at(0).path, directory / "disk.img");
        EXPECT_EQ(config.vifs.at(0).bridge, "xenbr0");
        EXPECT_EQ(config.command_line, "x");
        EXPECT_EQ(config.vcpus, 2u);
        EXPECT_TRUE(service.last_create->paused);
    });
}

TEST_F(DaemonVerbsTest, create_makes_many_or_none) {
    EXPECT_EQ(nlohmann::json::parse(output({"create", "--json", "-n", "20", config_file()}))["guests"].size(),
              20u);
    EXPECT_EQ(made().size(), 20u);
    EXPECT_EQ(output({"create", config_file("two-3")}), "");
    const std::string story = refused(ExitCode::name_taken, {"create", "-n", "5", config_file("two")});
    EXPECT_NE(story.find("were destroyed again"), std::string::npos) << story;
    EXPECT_EQ(made().size(), 21u);
}

TEST_F(DaemonVerbsTest, errors_of_the_daemon_end_as_those_made_here) {
    const std::pair<const char*, ExitCode> codes[] = {{"system", ExitCode::failure},
                                                      {"invalid_argument", ExitCode::usage},
                                                      {"invalid_config", ExitCode::configuration},
                                                      {"invalid_image", ExitCode::configuration},
                                                      {"not_found", ExitCode::configuration},
                                                      {"name_taken", ExitCode::name_taken},
                                                      {"not_permitted", ExitCode::host},
                                                      {"out_of_memory", ExitCode::out_of_memory},
                                                      {"guest_failed", ExitCode::guest_failed},
                                                      {"timed_out", ExitCode::timed_out}};
    for (const auto& [kind, exit] : codes) {
        const std::string story =
            refused(exit, {"create", config_file(), std::string("name=fail-") + kind + "--x"});
        EXPECT_NE(story.find("it was asked to fail"), std::string::npos) << story;
        EXPECT_NE(story.find("Ask for another one."), std::string::npos) << story;
    }
}

TEST_F(DaemonVerbsTest, pools_are_made_resized_drained_and_deleted) {
    refused(ExitCode::no_such_guest, {"pool", "create", "small", "4"});
    make_pool();
    EXPECT_NE(output({"pool", "list"}).find("small                         4      1      4"),
              std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(output({"pool", "list", "--json"}))["pools"][0]["max"], 4);
    refused(ExitCode::name_taken, {"pool", "create", "small", "4"});
    const auto resized = nlohmann::json::parse(
        output({"pool", "resize", "--json", "--per-second", "3", "small", "9"}))["pools"][0];
    EXPECT_EQ(resized["max"], 9);
    EXPECT_EQ(resized["min"], 1) << "as it was";
    EXPECT_EQ(resized["per_second"], 3);
    EXPECT_EQ(output({"pool", "resize", "small", "0"}), "");
    EXPECT_EQ(output({"pool", "drain", "small"}), "");
    EXPECT_NE(output({"pool", "list"}).find("drained"), std::string::npos);
    EXPECT_EQ(output({"pool", "delete", "small"}), "");
    refused(ExitCode::no_such_guest, {"pool", "drain", "small"});
    refused(ExitCode::no_such_guest, {"pool", "resize", "small", "1"});
    refused(ExitCode::usage, {"pool", "create", "small", "many"});
    refused(ExitCode::usage, {"pool", "create", "small", "1", "--min", "2"});
    refused(ExitCode::usage, {"pool", "create", "small"});
}

TEST_F(DaemonVerbsTest, flavours_are_made_of_settings_or_of_a_guests_file) {
    EXPECT_EQ(output({"flavour", "set", "bare", "memory=4", "vcpus=2"}), "");
    EXPECT_EQ(output({"flavour", "set", "web", config_file(), "cmdline=x", "disk=['/srv/a,raw,xvda,w']",
                      "vif=['mac=00:16:3e:00:00:01,bridge=xenbr0,ip=10.0.0.2']"}),
              "");
    const auto flavours = nlohmann::json::parse(output({"flavour", "list", "--json"}))["flavours"];
    EXPECT_EQ(flavours[0]["shape"]["vcpus"], 2);
    EXPECT_FALSE(flavours[0]["shape"].contains("kernel"));
    EXPECT_EQ(flavours[1]["name"], "web");
    EXPECT_EQ(flavours[1]["disks"], 1);
    EXPECT_EQ(flavours[1]["shape"]["vifs"], nlohmann::json::parse(R"([{"bridge":"xenbr0"}])"));
    EXPECT_EQ(flavours[1]["shape"]["command_line"], "");
    EXPECT_NE(output({"flavour", "list"})
                  .find("web                             4     1     1     1  " + kernel_path()),
              std::string::npos)
        << output({"flavour", "list"});
    EXPECT_NE(output({"flavour", "show", "web"}).find("memory_kib: 4096\n"), std::string::npos);
    refused(ExitCode::no_such_guest, {"flavour", "show", "large"});
    refused(ExitCode::configuration, {"flavour", "set", "bad", "memory=nothing"});
    refused(ExitCode::usage, {"flavour", "set", "../x", "memory=4"});
    refused(ExitCode::usage, {"flavour", "set", "x"});
    EXPECT_EQ(output({"flavour", "delete", "web"}), "");
    refused(ExitCode::no_such_guest, {"flavour", "delete", "web"});
}

TEST_F(DaemonVerbsTest, events_are_lines_until_the_daemon_ends) {
    for (const bool json : {false, true}) {
        RunningChaosd other(directory / "chaosd.sock");
        std::thread life([&] {
            for (int count = 0; count < 50; ++count) { // the first ones may come before anybody listens
                ::usleep(10'000);
                other.with_service([&](FakeService& service) {
                    service.events().tell({daemon::EventKind::died,
                                           1'790'000'000'000,
                                           "web",
                                           DomainId{7},
                                           {},
                                           "small",
                                           "crash"});
                    service.events().tell({daemon::EventKind::ready, 1, "other", DomainId{8}, {}, "", ""});
                });
            }
            other.stop();
        });
        std::vector<std::string> words{
            "--state-directory", directory.path(), "events", "--kind", "died,created", "web"};
        if (json)
            words.emplace_back("--json");
        const Outcome outcome = run(words);
        life.join();
        EXPECT_EQ(outcome.code, ExitCode::failure);
        EXPECT_NE(outcome.err.find("ended"), std::string::npos) << outcome.err;
        const std::string first = outcome.out.substr(0, outcome.out.find('\n'));
        if (json) {
            EXPECT_EQ(nlohmann::json::parse(first)["detail"], "crash");
        } else {
            EXPECT_NE(first.find(".000 died         guest web (domain 7) flavour small: crash"),
                      std::string::npos)
                << first;
        }
        EXPECT_EQ(outcome.out.find("other"), std::string::npos);
    }
}

TEST_F(DaemonVerbsTest, verbs_of_two_words_are_told_apart) {
    EXPECT_NE(refused(ExitCode::usage, {"pool"})
                  .find("'pool' needs one of list, create, resize, drain, delete after it"),
              std::string::npos);
    EXPECT_NE(refused(ExitCode::usage, {"pool", "lst"}).find("Did you mean 'pool list'?"), std::string::npos);
    EXPECT_NE(output({"help", "pool", "resize"}).find("Usage: chaos pool resize"), std::string::npos);
    EXPECT_NE(output({"help", "flavour"}).find("Usage: chaos flavour delete"), std::string::npos);
    EXPECT_NE(output({"pool", "list", "--help"}).find("Usage: chaos pool list"), std::string::npos);
    refused(ExitCode::usage, {"help", "pool", "swim"});
}

TEST_F(DaemonVerbsTest, without_a_daemon_they_say_how_to_start_it) {
    daemon.stop();
    for (const std::vector<std::string>& words : {std::vector<std::string>{"pool", "list"},
                                                  {"flavour", "list"},
                                                  {"events"},
                                                  {"create", "--flavour", "x", config_file()}}) {
        const std::string story = refused(ExitCode::failure, words);
        EXPECT_NE(story.find("chaosd does not run"), std::string::npos);
        EXPECT_NE(story.find("systemctl start chaosd"), std::string::npos);
    }
}

} // namespace
} // namespace chaos::test
