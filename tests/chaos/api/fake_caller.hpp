// SPDX-License-Identifier: BSD-3-Clause
// Somebody who sends requests without a socket and keeps the answers.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include <nlohmann/json.hpp>

#include "chaos/daemon/api/api.hpp"
#include "fake_service.hpp"

namespace chaos::test {

struct FakeCaller final : daemon::api::Caller {
    std::vector<daemon::api::Response> answers;
    bool there = true;

    void answer(daemon::api::Response response) override { answers.push_back(std::move(response)); }
    bool is_there() override { return there; }

    [[nodiscard]] unsigned status() const { return answers.size() == 1 ? answers[0].status : 0; }
    [[nodiscard]] nlohmann::json json() const {
        return answers.size() == 1 ? nlohmann::json::parse(answers[0].body, nullptr, false)
                                   : nlohmann::json();
    }
    [[nodiscard]] std::string message() const { return json()["error"]["message"]; }
};

class ApiTest : public testing::Test {
  protected:
    using Method = daemon::api::Method;
    using Json = nlohmann::json;

    std::shared_ptr<FakeCaller> send(Method method, std::string target, const Json& body = nullptr) {
        return send_text(method, std::move(target), body.is_null() ? "" : body.dump());
    }
    std::shared_ptr<FakeCaller> send_text(Method method, std::string target, std::string body) {
        auto caller = std::make_shared<FakeCaller>();
        api.handle({method, std::move(target), std::move(body), true, true}, caller);
        return caller;
    }
    /// Runs what was put off, and what the service has put off, until there is no more.
    void run() {
        for (int turn = 0; turn < 10'000; ++turn) {
            service.run();
            if (tasks.empty())
                continue;
            const auto task = std::move(tasks.front());
            tasks.pop_front();
            task();
        }
    }

    static Json config(const std::string& name) {
        return {{"name", name}, {"kernel", "/boot/web"}, {"memory_kib", 4096}};
    }

    FakeService service;
    std::deque<std::function<void()>> tasks;
    daemon::api::Api api{service, [this](std::function<void()> task) { tasks.push_back(std::move(task)); }};
};

} // namespace chaos::test
