// SPDX-License-Identifier: BSD-3-Clause
// A loop on which parts of chaosd run beside the pretend Xen, everything on the test's own thread.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "chaos/daemon/event.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"

namespace chaos::daemon {

class DaemonTest : public test::HostTest {
  protected:
    using test::HostTest::HostTest;

    /// Runs the loop until `condition` holds; false if it does not within a time that only a failing test takes.
    [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline)
                return false;
            loop.restart();
            loop.run_one_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    /// Runs what there is to run within `time`.
    void run_for(std::chrono::milliseconds time) {
        loop.restart();
        loop.run_for(time);
    }
    [[nodiscard]] HostOptions host_options() const {
        return {state_directory(), directory / "cache", state_directory() + "/xendevd.sock"};
    }
    [[nodiscard]] std::size_t count(EventKind kind) const {
        return static_cast<std::size_t>(
            std::count_if(told.begin(), told.end(), [&](const Event& event) { return event.kind == kind; }));
    }

    boost::asio::io_context loop;
    std::vector<Event> told;
};

} // namespace chaos::daemon
