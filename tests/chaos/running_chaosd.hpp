// SPDX-License-Identifier: BSD-3-Clause
// chaosd's own server on a pretend service, in a thread of the test.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/chaos/api/fake_service.hpp"

namespace chaos::test {

class RunningChaosd {
  public:
    explicit RunningChaosd(const std::string& path);
    ~RunningChaosd();

    /// Does something with the service on the thread that it runs on.
    void with_service(const std::function<void(FakeService&)>& task);
    /// Ends it, as if it were killed.
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Answers one client with the bytes given, whatever it asks, and hangs up.
class RawAnswer {
  public:
    RawAnswer(const std::string& path, std::string answer);
    ~RawAnswer();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace chaos::test
