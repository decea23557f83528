// SPDX-License-Identifier: BSD-3-Clause
// The verbs for devices, and what others tell of them, beside a pretend xendevd.
#include <signal.h>

#include <atomic>

#include "chaos/device_text.hpp"
#include "cli_fixture.hpp"
#include "fake_xendevd.hpp"

namespace chaos::test {
namespace {

using Json = nlohmann::json;

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class DeviceVerbsTest : public CliTest {
  protected:
    [[nodiscard]] std::string socket() const { return state_directory() + "/xendevd.sock"; }

    /// A guest with one vif and one disk, as xendevd lists it.
    [[nodiscard]] static Json listed(std::uint32_t domain) {
        const Json counters = {{"from_guest_bytes", 3 << 20},
                               {"from_guest_operations", 7},
                               {"to_guest_bytes", 5},
                               {"to_guest_operations", 1},
                               {"from_guest_dropped", 2},
                               {"to_guest_dropped", 0},
                               {"errors", 0}};
        return {{"guest",
                 {{"domain", domain},
                  {"uuid", "ab000000-0000-0000-0000-000000000000"},
                  {"name", "web"},
                  {"console", true},
                  {"devices", Json::array({{{"type", "vif"},
                                            {"id", 0},
                                            {"state", "connected"},
                                            {"counters", counters},
                                            {"event_channel", 5},
                                            {"tx_ring_ref", 134},
                                            {"rx_ring_ref", 1200},
                                            {"mac", "00:16:3e:01:02:03"},
                                            {"bridge", "xenbr0"},
                                            {"tap", "vif7.0"}},
                                           {{"type", "vbd"},
                                            {"id", 51712},
                                            {"state", "waiting"},
                                            {"counters", counters},
                                            {"event_channel", 12},
                                            {"read_only", true},
                                            {"path", "/srv/web.img"}}})}}}};
    }

    static std::vector<Json> answer_as_usual(const Json& request, std::uint32_t domain) {
        if (request["op"] == "list")
            return {listed(domain), {{"ok", true}}};
        if (request["op"] == "status")
            return {{{"ok", true}, {"version", "0.1.0"}, {"pid", 4711}, {"guests", 1}, {"devices", 2}}};
        return {{{"ok", true}}};
    }
};

TEST_F(DeviceVerbsTest, lists_have_the_columns_of_xl) {
    const std::uint32_t id = raw(create_guest("web").id);
    FakeXendevd server(socket(), [&](const Json& request) { return answer_as_usual(request, id); });
    EXPECT_EQ(
        output({"network-list", "web"}),
        "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                       \n"
        "0   0  00:16:3e:01:02:03      0     4      5   134/1200        xenbr0/vif7.0                 \n");
    EXPECT_EQ(output({"block-list", "web"}),
              "Vdev  BE  handle state evt-ch ring-ref BE-path                       \n"
              "51712 0   51712  2     12     -1       /srv/web.img                  \n");
    const Json json = Json::parse(output({"network-list", "--json", "web"}));
    ASSERT_EQ(json["guests"][0]["devices"].size(), 1u);
    EXPECT_EQ(json["guests"][0]["name"], "web");
    EXPECT_EQ(json["guests"][0]["id"], id);
    const Json& vif = json["guests"][0]["devices"][0];
    EXPECT_EQ(vif["state"], "connected");
    EXPECT_EQ(vif["mac"], "00:16:3e:01:02:03");
    EXPECT_EQ(vif["event_channel"], 5);
    EXPECT_EQ(vif["rx_ring_ref"], 1200);
    const Json disk = Json::parse(output({"block-list", "--json", "web"}))["guests"][0]["devices"][0];
    EXPECT_EQ(disk["read_only"], true);
    EXPECT_FALSE(disk.contains("ring_ref"));
    EXPECT_EQ(vif["counters"]["from_guest_bytes"], 3 << 20);
}

TEST_F(DeviceVerbsTest, one_guest_that_is_not_there_does_not_hide_the_others) {
    const std::uint32_t id = raw(create_guest("web").id);
    FakeXendevd server(socket(), [&](const Json& request) { return answer_as_usual(request, id); });
    const Outcome outcome = run({"network-list", "--json", "nobody", "web"});
    EXPECT_EQ(outcome.code, ExitCode::no_such_guest);
    EXPECT_TRUE(holds(outcome.err, "nobody"));
    EXPECT_EQ(outcome.json()["guests"][0]["error"]["kind"], "not_found");
    EXPECT_EQ(outcome.json()["guests"][1]["devices"].size(), 1u);
    EXPECT_EQ(outcome.json()["error"]["kind"], "not_found");
}

TEST_F(DeviceVerbsTest, without_xendevd_a_list_is_an_error_and_nothing_else) {
    create_guest("web");
    const Outcome outcome = run({"network-list", "web"});
    EXPECT_EQ(outcome.code, ExitCode::failure);
    EXPECT_TRUE(holds(outcome.err, "xendevd does not run")) << outcome.err;
    EXPECT_EQ(outcome.out, "");
}

TEST_F(DeviceVerbsTest, a_guest_that_xendevd_does_not_know_has_no_devices) {
    create_guest("web");
    FakeXendevd server(socket(), [](const Json&) -> std::vector<Json> {
        return {{{"error", {{"kind", "not_found"}, {"message", "no such guest"}, {"advice", ""}}}}};
    });
    EXPECT_EQ(Json::parse(output({"block-list", "--json", "web"}))["guests"][0]["devices"].size(), 0u);
}

TEST_F(DeviceVerbsTest, lists_what_is_recorded_but_not_served) {
    const CreatedGuest web = create_guest("web");
    {
        auto change = host.registry().change(web.id, web.uuid);
        ASSERT_TRUE(change);
        VifRecord& vif = change->record.vifs.emplace_back();
        vif.config = parse_vif("mac=00:16:3e:00:00:07,bridge=br7").value();
        ASSERT_TRUE(change->save());
    }
    FakeXendevd server(socket(), [](const Json&) -> std::vector<Json> {
        return {{{"error", {{"kind", "not_found"}, {"message", "no such guest"}, {"advice", ""}}}}};
    });
    const std::string rows = output({"network-list", "web"});
    EXPECT_TRUE(holds(rows, "0   0  00:16:3e:00:00:07      0     1     -1    -1/-1          br7 ")) << rows;
    const Json listed = Json::parse(output({"network-list", "--json", "web"}));
    EXPECT_EQ(listed["guests"][0]["devices"][0]["state"], "absent");
}

TEST_F(DeviceVerbsTest, without_xendevd_all_of_them_say_how_to_start_it) {
    create_guest("web");
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"network-list", "web"}, {"block-list", "web"}, {"info", "-d"}}) {
        const Outcome outcome = run(words);
        EXPECT_NE(outcome.code, ExitCode::success);
        EXPECT_TRUE(holds(outcome.err, "xendevd")) << outcome.err;
    }
    EXPECT_TRUE(holds(output({"info"}), "\nxendevd                : not running\n"));
    EXPECT_TRUE(Json::parse(output({"info", "--json"}))["xendevd"].is_null());
}

TEST_F(DeviceVerbsTest, info_adds_counters_up) {
    FakeXendevd server(socket(), [](const Json& request) { return answer_as_usual(request, 7); });
    const std::string lines = output({"info"});
    EXPECT_TRUE(holds(lines, "\nxendevd                : 0.1.0, pid 4711, 1 guests, 2 devices\n")) << lines;
    EXPECT_TRUE(holds(lines,
                      "\nvif_traffic            : 3.0 MiB in 7 frames from guests, 0.0 MiB in 1 to them, "
                      "2 dropped\n"))
        << lines;
    EXPECT_TRUE(holds(lines, "\nvbd_traffic            : 3.0 MiB in 7 writes, ")) << lines;
    const Json json = Json::parse(output({"info", "--json"}))["xendevd"];
    EXPECT_EQ(json["pid"], 4711);
    EXPECT_EQ(json["vif_counters"]["from_guest_operations"], 7);
    ASSERT_EQ(json["device_list"].size(), 2u);
    EXPECT_EQ(json["device_list"][1]["path"], "/srv/web.img");
    const std::string table = output({"info", "--devices"});
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3) << table;
    EXPECT_TRUE(holds(table, "\nweb ")) << table;
}

TEST_F(DeviceVerbsTest, a_wrong_item_is_a_wrong_command_line) {
    create_guest("web");
    const Outcome vif = run({"network-attach", "web", "mac=zz"});
    EXPECT_EQ(vif.code, ExitCode::usage);
    EXPECT_TRUE(holds(vif.err, "MAC")) << vif.err;
    EXPECT_EQ(run({"network-attach", "web", "colour=red"}).code, ExitCode::usage);
    EXPECT_EQ(run({"block-attach", "web", "/srv/a.img,qcow2,xvda,r"}).code, ExitCode::usage);
    EXPECT_EQ(run({"block-attach", "web"}).code, ExitCode::usage);
    EXPECT_EQ(run({"network-detach", "web"}).code, ExitCode::usage);
    EXPECT_EQ(run({"network-attach", "nobody"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"network-detach", "web", "0"}).code, ExitCode::no_such_guest);
}

TEST_F(DeviceVerbsTest, the_console_goes_through_xendevd) {
    const CreatedGuest made = create_guest("web");
    std::atomic<bool> wrote = false;
    FakeXendevd server(socket(), [&](const Json& request) -> std::vector<Json> {
        if (request["op"] != "console")
            return {{{"ok", true}}};
        wrote = request.value("write", true);
        return {{{"ok", true}}, "recent words\n"};
    });
    EXPECT_EQ(output({"console", "--dump", "web"}), "recent words\n");
    EXPECT_FALSE(wrote) << "looking on disturbs nobody";
    xen.shut_down(*xen.find(raw(made.id)), 0);
    EXPECT_EQ(output({"console", "web"}), "recent words\n") << "it ends with the guest";
    EXPECT_TRUE(wrote);
    EXPECT_EQ(output({"console", "-r", "web"}), "recent words\n");
    EXPECT_FALSE(wrote);
}

TEST_F(DeviceVerbsTest, a_second_writer_is_told_to_look_on) {
    create_guest("web");
    FakeXendevd server(socket(), [](const Json&) -> std::vector<Json> {
        return {{{"error", {{"kind", "name_taken"}, {"message", "somebody types already"}, {"advice", ""}}}}};
    });
    const Outcome outcome = run({"console", "web"});
    EXPECT_NE(outcome.code, ExitCode::success);
    EXPECT_TRUE(holds(outcome.err, "console -r")) << outcome.err;
}

TEST(DeviceText, states_are_those_of_xenbus) {
    EXPECT_EQ(cli::xenbus_state("waiting"), 2);
    EXPECT_EQ(cli::xenbus_state("connected"), 4);
    EXPECT_EQ(cli::xenbus_state("closing"), 5);
    EXPECT_EQ(cli::xenbus_state("closed"), 6);
    EXPECT_EQ(cli::xenbus_state("failed"), 6);
}

} // namespace
} // namespace chaos::test
