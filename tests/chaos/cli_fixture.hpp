// SPDX-License-Identifier: BSD-3-Clause
// The program called in the test's own process, on the pretend Xen.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "chaos/exit_code.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"

namespace chaos::test {

class CliTest : public HostTest {
  protected:
    using ExitCode = cli::ExitCode;
    using HostTest::HostTest;

    struct Outcome {
        ExitCode code{};
        std::string out;
        std::string err;

        /// What was printed, which must be JSON.
        [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
    };

    /// chaos WORDS…, with what it prints.
    Outcome run(const std::vector<std::string>& words);
    /// The same, which must succeed and say nothing on standard error.
    std::string output(const std::vector<std::string>& words);

    /// A configuration file for a guest of that name with the kernel that speaks noxs.
    std::string config_file(const std::string& name = "web");
    /// Names of the guests of chaos, as `list` finds them, by rising id.
    std::vector<std::string> names();
};

} // namespace chaos::test
