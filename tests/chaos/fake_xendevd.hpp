// SPDX-License-Identifier: BSD-3-Clause
// A pretend xendevd: a thread that answers on a real socket what a test has told it to.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "libchaos/unique_fd.hpp"

namespace chaos::test {

class FakeXendevd {
  public:
    using Json = nlohmann::json;
    /// The packets that answer a request. A packet that is a JSON string is sent as its bare text, and null closes
    /// the connection.
    using Answer = std::function<std::vector<Json>(const Json& request)>;

    FakeXendevd(const std::string& path, Answer answer);
    ~FakeXendevd();

    /// Packets that were received and were no JSON: what is typed at a console.
    std::string typed;

  private:
    void serve(int client);

    Answer answer_;
    UniqueFd listening_;
    std::thread thread_;
};

} // namespace chaos::test
