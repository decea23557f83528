// SPDX-License-Identifier: BSD-3-Clause
// The resources: what they ask of the service, and how they answer.
#include "fake_caller.hpp"

#include "chaos/daemon/api/error_response.hpp"
#include "libchaos/devices/error_names.hpp"

namespace chaos::test {
namespace {

using daemon::api::Response;
using ResourcesTest = ApiTest;

TEST_F(ResourcesTest, a_guest_is_made_shown_paused_and_destroyed) {
    const auto made = send(Method::post, "/v1/guests", {{"config", config("web")}, {"wait_ms", 5000}});
    ASSERT_EQ(made->status(), 201u) << made->answers.size();
    EXPECT_EQ(made->json()["name"], "web");
    EXPECT_EQ(made->json()["id"], 101);
    EXPECT_EQ(made->json()["hit"], false);
    EXPECT_EQ(made->json()["pool"], nullptr);
    EXPECT_EQ(made->json()["phases"]["ready_us"], 900);
    EXPECT_EQ(service.last_create->wait_ready, std::chrono::milliseconds(5000));
    EXPECT_EQ(service.last_create->config.memory_kib, 4096u);

    for (const char* name : {"web", "101"})
        EXPECT_EQ(send(Method::get, std::string("/v1/guests/") + name)->json()["config"]["kernel"],
                  "/boot/web");
    EXPECT_EQ(send(Method::get, "/v1/guests")->json()["guests"].size(), 1u);
    EXPECT_EQ(send(Method::post, "/v1/guests/web/actions", {{"action", "pause"}})->status(), 204u);
    EXPECT_EQ(send(Method::get, "/v1/guests/web")->json()["state"], "paused");
    EXPECT_EQ(send(Method::post, "/v1/guests/web/actions",
                   {{"action", "shutdown"}, {"force", true}, {"timeout_ms", 1500}})
                  ->status(),
              204u);
    EXPECT_EQ(service.asked.back(), "shutdown -F web 1500");
    EXPECT_EQ(send(Method::remove, "/v1/guests/web")->status(), 204u);
    EXPECT_EQ(send(Method::get, "/v1/guests/web")->status(), 404u);
}

TEST_F(ResourcesTest, each_kind_of_failure_has_its_status_and_is_told_whole) {
    for (const auto& [kind, status] : {std::pair{"system", 500u},
                                       {"invalid_argument", 400},
                                       {"invalid_config", 422},
                                       {"invalid_image", 422},
                                       {"not_found", 404},
                                       {"name_taken", 409},
                                       {"not_permitted", 403},
                                       {"not_on_xen", 503},
                                       {"wrong_version", 503},
                                       {"out_of_memory", 507},
                                       {"guest_failed", 502},
                                       {"timed_out", 504},
                                       {"interrupted", 503}}) {
        const auto answer =
            send(Method::post, "/v1/guests", {{"config", config(std::string("fail-") + kind)}});
        EXPECT_EQ(answer->status(), status) << kind;
        const Json json = answer->json();
        EXPECT_EQ(json["error"]["kind"], kind);
        EXPECT_EQ(json["error"]["message"], "creating guest fail-" + std::string(kind) +
                                                ": it was asked to fail with \xef\xbf\xbd\"quotes\"");
        EXPECT_EQ(json["error"]["advice"], "Ask for another one.");
        EXPECT_EQ(json["fault_message"], json["error"]["message"]);
    }
}

TEST_F(ResourcesTest, a_guest_that_nobody_waits_for_any_more_is_destroyed) {
    service.slow = true;
    const auto caller = send(Method::post, "/v1/guests", {{"config", config("web")}});
    caller->there = false;
    service.run();
    EXPECT_EQ(service.names().size(), 1u);
    service.run();
    EXPECT_TRUE(service.names().empty());
    EXPECT_EQ(service.destroyed, 1u);
}

TEST_F(ResourcesTest, bodies_that_are_wrong_are_refused_with_the_member) {
    const auto refused = [&](const Json& body) {
        const auto answer = send(Method::post, "/v1/guests", body);
        return std::to_string(answer->status()) + " " + answer->message();
    };
    EXPECT_EQ(refused({{"config", config("web")}, {"x", 1}}), "400 there is an unknown member \"x\"");
    EXPECT_EQ(refused(Json::object()), "400 config is missing");
    EXPECT_EQ(refused({{"config", config("../web")}}).substr(0, 18), "422 config: name: ");
    EXPECT_EQ(refused({{"config", config("web")}, {"paused", 1}}), "400 paused is neither true nor false");
    EXPECT_EQ(refused({{"config", config("web")}, {"wait_ms", 0}}),
              "400 wait_ms is not a number from 1 to 3600000");
    EXPECT_EQ(refused({{"config", config("web")}, {"wait_ms", 5}, {"paused", true}}).substr(0, 33),
              "400 paused and wait_ms exclude ea");
    EXPECT_EQ(refused(Json::array({1})), "400 the request's body is not a JSON object");
    for (const char* body : {"", "{", "nonsense", "{\"config\":}", "\xff"})
        EXPECT_EQ(send_text(Method::post, "/v1/guests", body)->status(), 400u) << body;
    EXPECT_EQ(send_text(Method::post, "/v1/guests", std::string(1000, '['))->message(),
              "the request's body is nested too deeply");
    const auto nested = [&](std::size_t depth) {
        return send_text(Method::post, "/v1/guests", std::string(depth, '[') + std::string(depth, ']'))
            ->message();
    };
    EXPECT_EQ(nested(16), "the request's body is not a JSON object");
    EXPECT_EQ(nested(17), "the request's body is nested too deeply");
    EXPECT_EQ(send(Method::post, "/v1/guests/web/actions", {{"action", "dance"}})->status(), 400u);
    EXPECT_TRUE(service.asked.empty());
}

TEST_F(ResourcesTest, devices_are_plugged_in_and_out) {
    send(Method::post, "/v1/guests", {{"config", config("web")}});
    EXPECT_EQ(send(Method::post, "/v1/guests/web/vifs", {{"bridge", "xenbr0"}})->json()["id"], 0);
    EXPECT_EQ(
        send(Method::post, "/v1/guests/web/disks", {{"path", "/srv/a"}, {"device_name", "xvda"}})->status(),
        201u);
    EXPECT_EQ(
        send(Method::post, "/v1/guests/web/disks", {{"path", "srv/a"}, {"device_name", "xvda"}})->status(),
        422u);
    EXPECT_EQ(send(Method::post, "/v1/guests/web/vifs", {{"id", 1}})->status(), 422u);
    EXPECT_EQ(send(Method::post, "/v1/guests/nobody/vifs", Json::object())->status(), 404u);
    const Json devices = send(Method::get, "/v1/guests/web/devices")->json();
    EXPECT_EQ(devices["devices"][0]["counters"]["to_guest_bytes"], 3);
    EXPECT_EQ(devices["devices"][0]["details"]["mtu"], 1500);
    EXPECT_EQ(send(Method::get, "/v1/guests/web")->json()["config"]["vifs"][0]["bridge"], "xenbr0");
    EXPECT_EQ(send(Method::remove, "/v1/guests/web/vifs/00:16:3e:00:00:01?force=true")->status(), 404u);
    EXPECT_EQ(service.asked.back(), "detach vif 00:16:3e:00:00:01 -F");
    EXPECT_EQ(send(Method::remove, "/v1/guests/web/disks/0?force=perhaps")->status(), 400u);
    EXPECT_EQ(send(Method::remove, "/v1/guests/web/disks/0")->status(), 204u);
}

TEST_F(ResourcesTest, flavours_and_pools_come_and_go) {
    EXPECT_EQ(send(Method::put, "/v1/pools/small", {{"max", 4}})->status(), 404u);
    EXPECT_EQ(
        send(Method::put, "/v1/flavours/small", {{"shape", {{"memory_kib", 4096}}}, {"disks", 1}})->status(),
        204u);
    const Json flavour = send(Method::get, "/v1/flavours/small")->json();
    EXPECT_EQ(flavour["disks"], 1);
    EXPECT_EQ(send(Method::put, "/v1/flavours/small", flavour)->status(), 204u)
        << "what is shown can be put back";
    EXPECT_EQ(send(Method::put, "/v1/flavours/other", flavour)->status(), 400u);
    EXPECT_EQ(send(Method::put, "/v1/flavours/..", {{"shape", {{"memory_kib", 4096}}}})->status(), 400u);
    EXPECT_EQ(send(Method::put, "/v1/flavours/x", {{"shape", config("web")}})->status(), 422u);
    EXPECT_EQ(send(Method::put, "/v1/pools/small", {{"min", 1}, {"max", 4}, {"per_second", 2.5}})->status(),
              204u);
    const Json pool = send(Method::get, "/v1/pools/small")->json();
    EXPECT_EQ(pool["per_second"], 2.5);
    EXPECT_EQ(pool["max"], 4);
    EXPECT_EQ(pool["trouble"], nullptr);
    for (const Json& wrong : {Json{{"min", 5}, {"max", 4}}, Json{{"min", 0}}, Json{{"max", -1}},
                              Json{{"max", 1}, {"per_second", -1}}, Json{{"max", 1}, {"x", 1}}})
        EXPECT_EQ(send(Method::put, "/v1/pools/small", wrong)->status(), 400u) << wrong;
    EXPECT_EQ(
        send(Method::post, "/v1/guests", {{"config", config("web")}, {"flavour", "small"}})->json()["hit"],
        true);
    EXPECT_EQ(send(Method::remove, "/v1/flavours/small")->status(), 400u);
    EXPECT_EQ(send(Method::post, "/v1/pools/small/drain")->status(), 204u);
    EXPECT_EQ(send(Method::get, "/v1/pools")->json()["pools"][0]["draining"], true);
    EXPECT_EQ(send(Method::remove, "/v1/pools/small")->status(), 204u);
    EXPECT_EQ(send(Method::remove, "/v1/flavours/small")->status(), 204u);
    EXPECT_EQ(send(Method::get, "/v1/flavours")->json()["flavours"].size(), 0u);
}

TEST_F(ResourcesTest, methods_that_a_resource_lacks_are_told_from_resources_that_are_not) {
    EXPECT_EQ(send(Method::get, "/v1/nothing")->status(), 404u);
    EXPECT_EQ(send(Method::get, "/")->status(), 404u);
    EXPECT_EQ(send(Method::get, "guests")->status(), 400u);
    EXPECT_EQ(send(Method::get, "/v1/guests/%zz")->status(), 400u);
    const auto wrong = send(Method::put, "/v1/guests");
    EXPECT_EQ(wrong->status(), 405u);
    EXPECT_EQ(wrong->answers[0].allow, "GET, HEAD, POST, OPTIONS");
    EXPECT_EQ(send(Method::other, "/v1/guests")->status(), 501u);
    EXPECT_EQ(send(Method::options, "/v1/guests/web")->answers[0].allow, "GET, HEAD, DELETE, OPTIONS");
    EXPECT_EQ(send(Method::options, "*")->status(), 204u);
    EXPECT_EQ(send(Method::head, "/v1/guests")->status(), 200u);
    EXPECT_EQ(send(Method::get, "http://localhost/v1/host")->json()["xen_version"], "4.17.7");
}

TEST_F(ResourcesTest, events_are_filtered_by_kind_guest_and_flavour) {
    const auto filter = *send(Method::get, "/v1/events?kind=created,died&guest=web")->answers.at(0).events;
    daemon::Event event{daemon::EventKind::died, 1, "web", {}, {}, "small", ""};
    EXPECT_TRUE(filter.lets_through(event));
    event.guest = "other";
    EXPECT_FALSE(filter.lets_through(event));
    event.guest = "web";
    event.kind = daemon::EventKind::ready;
    EXPECT_FALSE(filter.lets_through(event));
    EXPECT_TRUE(send(Method::get, "/v1/events")->answers.at(0).events->lets_through(event));
    EXPECT_FALSE(send(Method::get, "/v1/events?flavour=big")->answers.at(0).events->lets_through(event));
    EXPECT_EQ(send(Method::get, "/v1/events?kind=birthday")->status(), 400u);
    EXPECT_EQ(send(Method::get, "/v1/events?colour=red")->status(), 400u);
}

TEST_F(ResourcesTest, metrics_tell_of_creations_pools_devices_and_the_process) {
    send(Method::put, "/v1/flavours/small", {{"shape", {{"memory_kib", 4096}}}});
    send(Method::put, "/v1/pools/small", {{"max", 4}});
    send(Method::post, "/v1/guests", {{"config", config("web")}, {"flavour", "small"}});
    send(Method::post, "/v1/guests", {{"config", config("web")}});
    send(Method::post, "/v1/guests/web/vifs", Json::object());
    const std::string text = send(Method::get, "/metrics")->answers.at(0).body;
    for (const char* line :
         {"chaosd_creates_total{result=\"hit\"} 1\n", "chaosd_creates_total{result=\"failed\"} 1\n",
          "chaosd_create_seconds_bucket{result=\"hit\",phase=\"execute\",le=\"0.0005\"} 0\n",
          "chaosd_create_seconds_bucket{result=\"hit\",phase=\"execute\",le=\"0.001\"} 1\n",
          "chaosd_create_seconds_bucket{result=\"hit\",phase=\"execute\",le=\"+Inf\"} 1\n",
          "chaosd_create_seconds_sum{result=\"hit\",phase=\"total\"} 0.00072\n",
          "chaosd_pool_depth{flavour=\"small\"} 4\n",
          "chaosd_device_to_guest_bytes_total{guest=\"web\",domain=\"101\",type=\"vif\",device=\"0\"} 3\n",
          "chaosd_xendevd_up 1\n", "\nprocess_resident_memory_bytes "})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST_F(ResourcesTest, the_description_is_served) {
    const Response answer = send(Method::get, "/v1/openapi.yaml")->answers.at(0);
    EXPECT_EQ(answer.content_type, "application/yaml");
    EXPECT_EQ(answer.body.substr(0, 15), "openapi: 3.1.0\n");
    EXPECT_NE(answer.body.find("/v1/pools/{flavour}/drain:"), std::string::npos);
}

} // namespace
} // namespace chaos::test
