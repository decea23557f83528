// SPDX-License-Identifier: BSD-3-Clause
// The verbs that only look: list, info, domid, domname, and rename beside them.
#include "cli_fixture.hpp"

namespace chaos::test {
namespace {

class ListVerbTest : public CliTest {
  protected:
    std::string id_of(const std::string& name) { return std::to_string(raw(find_guest(name).domain.id)); }
    static constexpr std::uint16_t foreign_id = 7;
    static constexpr std::array<std::uint8_t, 16> foreign_handle{0xab};
    const std::string foreign_uuid = "ab000000-0000-0000-0000-000000000000";
};

TEST_F(ListVerbTest, shows_every_domain_by_rising_id) {
    create_guest("web");
    create_guest("db");
    xen.add_domain(foreign_id, foreign_handle);
    const std::string table = output({"list"});
    const auto at = [&](const std::string& row) { return table.find("\n" + row); };
    EXPECT_TRUE(table.starts_with("Name "));
    EXPECT_NE(at("Domain-0 "), std::string::npos);
    EXPECT_LT(at("Domain-0 "), at("- "));
    EXPECT_LT(at("- "), at("db "));
    EXPECT_LT(at("db "), at("web ")) << "ids count down";
}

TEST_F(ListVerbTest, leaves_shells_out_unless_asked_for_all) {
    const Uuid uuid = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");
    const auto shell = host.registry().reserve_shell(uuid);
    xen.add_domain(raw(shell->id()), uuid.bytes);
    create_guest("web");
    EXPECT_EQ(output({"list"}).find("(shell)"), std::string::npos);
    EXPECT_NE(output({"list", "--all"}).find("\n(shell) "), std::string::npos);
    EXPECT_NE(output({"list", std::to_string(raw(shell->id()))}).find("\n(shell) "), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(output({"list", "--json"}))["guests"].size(), 2u);
    const auto json = nlohmann::json::parse(output({"list", "--json", "--all"}));
    ASSERT_EQ(json["guests"].size(), 3u);
    EXPECT_TRUE(json["guests"][2]["shell"]);
    EXPECT_TRUE(json["guests"][2]["name"].is_null());
    EXPECT_FALSE(json["guests"][1]["shell"]);
}

TEST_F(ListVerbTest, shows_the_domains_asked_for) {
    create_guest("web");
    create_guest("db");
    xen.add_domain(foreign_id, foreign_handle);
    const std::string web = output({"list", "web"});
    EXPECT_EQ(std::count(web.begin(), web.end(), '\n'), 2);
    EXPECT_EQ(output({"list", id_of("web")}), web);
    EXPECT_EQ(output({"list", find_guest("web").record->uuid.to_string()}), web);
    EXPECT_NE(output({"list", "web", "db"}).find("\ndb "), std::string::npos);
    EXPECT_NE(output({"list", "Domain-0"}).find("\nDomain-0 "), std::string::npos);
    EXPECT_NE(output({"list", "0"}).find("\nDomain-0 "), std::string::npos);
    EXPECT_NE(output({"list", "7"}).find("\n- "), std::string::npos);
    EXPECT_NE(output({"list", foreign_uuid}).find("\n- "), std::string::npos);
    EXPECT_EQ(run({"list", "nobody"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"list", "8"}).code, ExitCode::no_such_guest);
}

TEST_F(ListVerbTest, tells_the_same_as_json) {
    const CreatedGuest made = create_guest("web");
    xen.find(raw(made.id))->cpu_time_ns = 1'500'000'000;
    xen.shut_down(*xen.find(raw(made.id)), 3);
    xen.add_domain(foreign_id, foreign_handle);
    const auto json = nlohmann::json::parse(output({"list", "--json"}));
    ASSERT_EQ(json["guests"].size(), 3u);
    const auto& foreign = json["guests"][1];
    EXPECT_TRUE(foreign["name"].is_null());
    EXPECT_EQ(foreign["uuid"], foreign_uuid);
    EXPECT_FALSE(foreign["made_by_chaos"]);
    EXPECT_TRUE(foreign["created_unix_ms"].is_null());
    const auto& web = json["guests"][2];
    EXPECT_EQ(web["name"], "web");
    EXPECT_EQ(web["id"], raw(made.id));
    EXPECT_EQ(web["uuid"], made.uuid.to_string());
    EXPECT_EQ(web["type"], "pvh");
    EXPECT_EQ(web["state"], "crashed");
    EXPECT_EQ(web["shutdown_reason"], "crash");
    EXPECT_EQ(web["vcpus"], 1);
    EXPECT_EQ(web["cpu_seconds"], 1.5);
    EXPECT_TRUE(web["made_by_chaos"]);
    EXPECT_TRUE(web["created_unix_ms"].is_number_unsigned());
    EXPECT_FALSE(web.contains("config"));
}

TEST_F(ListVerbTest, the_long_list_has_the_shape_of_xl) {
    GuestConfig wanted = config("web");
    wanted.command_line = "verbose";
    const CreatedGuest made = create_guest(wanted);
    const auto json = nlohmann::json::parse(output({"list", "-l"}));
    ASSERT_EQ(json.size(), 2u);
    EXPECT_EQ(json[0]["domid"], 0);
    EXPECT_EQ(json[0]["config"]["c_info"]["name"], "Domain-0");
    EXPECT_EQ(json[1]["domid"], raw(made.id));
    EXPECT_EQ(json[1]["config"]["c_info"]["name"], "web");
    EXPECT_EQ(json[1]["config"]["c_info"]["type"], "pvh");
    EXPECT_EQ(json[1]["config"]["c_info"]["uuid"], made.uuid.to_string());
    EXPECT_EQ(json[1]["config"]["b_info"]["max_memkb"], 4096);
    EXPECT_EQ(json[1]["config"]["b_info"]["max_vcpus"], 1);
    EXPECT_EQ(json[1]["config"]["b_info"]["kernel"], kernel_path());
    EXPECT_EQ(json[1]["config"]["b_info"]["cmdline"], "verbose");
    const auto with_config = nlohmann::json::parse(output({"list", "-l", "--json"}));
    EXPECT_TRUE(with_config["guests"][0]["config"].is_null());
    EXPECT_EQ(with_config["guests"][1]["config"]["command_line"], "verbose");
}

TEST_F(ListVerbTest, bytes_that_are_no_utf8_do_not_spoil_the_json) {
    GuestConfig wanted = config("web");
    wanted.command_line = "caf\xe9";
    create_guest(wanted);
    const auto json = nlohmann::json::parse(output({"list", "-l", "--json", "web"}));
    EXPECT_EQ(json["guests"][0]["config"]["command_line"]["hex"], "636166e9") << "as it can be given again";
}

TEST_F(ListVerbTest, ids_and_names_lead_to_each_other) {
    const CreatedGuest made = create_guest("web");
    const std::string id = std::to_string(raw(made.id));
    EXPECT_EQ(output({"domid", "web"}), id + "\n");
    EXPECT_EQ(output({"domid", made.uuid.to_string()}), id + "\n");
    EXPECT_EQ(output({"domid", "Domain-0"}), "0\n");
    EXPECT_EQ(output({"domname", id}), "web\n");
    EXPECT_EQ(output({"domname", "0"}), "Domain-0\n");
    EXPECT_EQ(nlohmann::json::parse(output({"domid", "web", "--json"}))["guests"][0]["id"], raw(made.id));
    EXPECT_EQ(nlohmann::json::parse(output({"domname", id, "--json"}))["guests"][0]["name"], "web");
    EXPECT_EQ(run({"domid", "nobody"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"domname", "31000"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"domname", "99999999999999999999"}).code, ExitCode::no_such_guest);
}

TEST_F(ListVerbTest, a_domain_of_another_tool_has_no_name_to_tell) {
    xen.add_domain(foreign_id, foreign_handle);
    const Outcome outcome = run({"domname", "7"});
    EXPECT_EQ(outcome.code, ExitCode::no_such_guest);
    EXPECT_NE(outcome.err.find("not made by chaos"), std::string::npos) << outcome.err;
}

TEST_F(ListVerbTest, renaming_changes_the_name_and_nothing_else) {
    const CreatedGuest made = create_guest("web");
    create_guest("db");
    EXPECT_EQ(output({"rename", "web", "shop"}), "");
    EXPECT_EQ(find_guest("shop").domain.id, made.id);
    EXPECT_EQ(run({"domid", "web"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"rename", "shop", "db"}).code, ExitCode::name_taken);
    EXPECT_EQ(run({"rename", "nobody", "x"}).code, ExitCode::no_such_guest);
    EXPECT_EQ(run({"rename", "shop", "-x"}).code, ExitCode::usage);
    EXPECT_EQ(run({"rename", "shop", "12"}).code, ExitCode::usage);
    EXPECT_EQ(nlohmann::json::parse(output({"rename", "shop", "web", "--json"}))["guests"][0]["name"], "web");
}

TEST_F(ListVerbTest, info_tells_what_the_host_has) {
    const std::string lines = output({"info"});
    EXPECT_NE(lines.find("nr_cpus                : 4\n"), std::string::npos) << lines;
    EXPECT_NE(lines.find("\nxen_version            : 4.17"), std::string::npos) << lines;
    for (const char* name : {"\nfree_memory ", "\ntotal_memory ", "\nvirt_caps ", "\nxen_commandline "})
        EXPECT_NE(lines.find(name), std::string::npos) << name;
    const auto json = nlohmann::json::parse(output({"info", "--json"}));
    EXPECT_EQ(json["nr_cpus"], 4);
    EXPECT_TRUE(json["free_memory_kib"].is_number_unsigned());
    EXPECT_TRUE(json["hap"].is_boolean());
}

} // namespace
} // namespace chaos::test
