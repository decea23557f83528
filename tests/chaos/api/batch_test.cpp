// SPDX-License-Identifier: BSD-3-Clause
// Many guests at once: all of them, or none.
#include "fake_caller.hpp"

namespace chaos::test {
namespace {

class BatchTest : public ApiTest {
  protected:
    std::shared_ptr<FakeCaller> make(const std::string& name, int count) {
        auto caller = send(Method::post, "/v1/guests/batch", {{"config", config(name)}, {"count", count}});
        run();
        return caller;
    }
    /// What was put off; the service answers nothing meanwhile.
    void run_tasks() {
        while (!tasks.empty()) {
            const auto task = std::move(tasks.front());
            tasks.pop_front();
            task();
        }
    }
};

TEST_F(BatchTest, all_are_made_and_told_in_order) {
    for (const bool slow : {false, true}) {
        service.slow = slow;
        const std::string name = slow ? "slow" : "fast";
        const auto answer = make(name, 20);
        ASSERT_EQ(answer->status(), 201u);
        const Json guests = answer->json()["guests"];
        ASSERT_EQ(guests.size(), 20u);
        for (int number = 1; number <= 20; ++number)
            EXPECT_EQ(guests[static_cast<std::size_t>(number - 1)]["name"],
                      name + "-" + std::to_string(number));
    }
}

TEST_F(BatchTest, a_single_one_keeps_its_name) {
    EXPECT_EQ(make("web", 1)->json()["guests"][0]["name"], "web");
}

TEST_F(BatchTest, one_that_fails_takes_all_with_it) {
    for (const bool slow : {false, true}) {
        service.slow = slow;
        send(Method::post, "/v1/guests", {{"config", config("web-15")}});
        run();
        service.destroyed = 0;
        const auto answer = make("web", 20);
        EXPECT_EQ(answer->status(), 409u);
        EXPECT_NE(answer->message().find("were destroyed again"), std::string::npos) << answer->message();
        EXPECT_EQ(service.names(), std::vector<std::string>{"web-15"}) << "the one that was there stays";
        EXPECT_GE(service.destroyed, 14u);
        send(Method::remove, "/v1/guests/web-15");
        run();
    }
}

TEST_F(BatchTest, nothing_is_left_when_nobody_waits_any_more) {
    service.slow = true;
    const auto caller = send(Method::post, "/v1/guests/batch", {{"config", config("web")}, {"count", 100}});
    run_tasks();
    service.run();
    caller->there = false;
    run();
    EXPECT_TRUE(service.names().empty());
    EXPECT_EQ(service.destroyed, 8u) << "no more are begun";
}

TEST_F(BatchTest, only_a_few_are_under_way_at_a_time) {
    service.slow = true;
    send(Method::post, "/v1/guests/batch", {{"config", config("web")}, {"count", 100}});
    run_tasks();
    EXPECT_EQ(service.asked.size(), 8u);
}

TEST_F(BatchTest, what_cannot_be_many_is_refused_at_once) {
    Json with_uuid = config("web");
    with_uuid["uuid"] = "01234567-89ab-4cde-8f01-23456789abcd";
    EXPECT_EQ(send(Method::post, "/v1/guests/batch", {{"config", with_uuid}, {"count", 2}})->status(), 422u);
    Json with_mac = config("web");
    with_mac["vifs"] = {{{"mac", "00:16:3e:00:00:01"}}};
    EXPECT_EQ(send(Method::post, "/v1/guests/batch", {{"config", with_mac}, {"count", 2}})->message(),
              "making 2 guests: several guests cannot have one MAC address, 00:16:3e:00:00:01");
    EXPECT_EQ(make(std::string(63, 'n'), 2)->status(), 400u);
    EXPECT_EQ(make("web", 0)->status(), 400u);
    EXPECT_EQ(send(Method::post, "/v1/guests/batch", {{"config", config("web")}})->message(),
              "count is missing");
    EXPECT_TRUE(service.asked.empty());
}

} // namespace
} // namespace chaos::test
