// SPDX-License-Identifier: BSD-3-Clause
// Calling run() as main() does, with its output caught.
#include "cli_fixture.hpp"

#include "chaos/context.hpp"
#include "chaos/program.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos::test {

CliTest::Outcome CliTest::run(const std::vector<std::string>& words) {
    cli::Context context;
    context.host_options = {state_directory(), directory / "cache", state_directory() + "/xendevd.sock"};
    std::vector<const char*> pointers;
    for (const std::string& word : words)
        pointers.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = cli::run(context, pointers);
    outcome.err = testing::internal::GetCapturedStderr();
    outcome.out = testing::internal::GetCapturedStdout();
    return outcome;
}

std::string CliTest::output(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, ExitCode::success);
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
}

std::string CliTest::config_file(const std::string& name) {
    const std::string path = directory / (name + ".cfg");
    write_file(path, "name = \"" + name + "\"\nkernel = \"" + kernel_path() + "\"\nmemory = 4\n");
    return path;
}

std::vector<std::string> CliTest::names() {
    std::vector<std::string> found;
    auto guests = list(host);
    EXPECT_TRUE(guests) << guests.error().story();
    for (const GuestInfo& guest_info : *guests)
        if (guest_info.record)
            found.push_back(guest_info.name());
    return found;
}

} // namespace chaos::test
