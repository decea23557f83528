// SPDX-License-Identifier: BSD-3-Clause
// Shells: guests attached before anybody asks for them, and settled when somebody does.
#include "tests/xendevd/server_fixture.hpp"

namespace xendevd {
namespace {

class ShellTest : public ServerTest {
  protected:
    devices::AttachRequest attach_shell() {
        auto request = attach_console();
        request.name.clear();
        request.shell = true;
        return request;
    }
    devices::SettleRequest settle(bool with_disk = true) {
        devices::SettleRequest request;
        request.domain = guest_id;
        request.uuid = uuid_of_fake;
        request.name = "web";
        if (with_disk)
            request.vbds = attach_disk().vbds;
        return request;
    }
    /// Into the console's output ring.
    void guest_writes(std::string_view text) {
        std::memcpy(page(4) + 1024, text.data(), text.size());
        const auto produced = static_cast<std::uint32_t>(text.size());
        std::memcpy(page(4) + 1024 + 2048 + 12, &produced, sizeof produced);
        notify(2);
        turn();
    }
    std::string log_of(const std::string& name) {
        std::ifstream stream(directory + "/" + name + ".log");
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    bool has_any_log() {
        for (const auto& entry : std::filesystem::directory_iterator(directory))
            if (entry.path().extension() == ".log")
                return true;
        return false;
    }
    void restart() {
        stop();
        start();
        auto control = *chaos::xen::Control::open();
        ASSERT_TRUE(guests->restore(control));
        client = connect();
    }
};

TEST_F(ShellTest, is_not_looked_at_before_it_is_settled) {
    client = connect();
    ASSERT_EQ(ask(attach_shell()), devices::ok_reply);
    EXPECT_EQ(list().at(0)["shell"], true);
    EXPECT_EQ(list().at(0)["name"], "");
    guest_writes("hello");
    EXPECT_FALSE(has_any_log()) << "nobody knows whose it is";
    EXPECT_NE(ask(R"({"op":"console","domain":77,"write":true})").find("not_found"), std::string::npos);
    offer_disk(); // before there is one
    ASSERT_EQ(ask(settle(), {image().get()}), devices::ok_reply);
    turn();
    const Json guest = list().at(0);
    EXPECT_EQ(guest["shell"], false);
    EXPECT_EQ(guest["name"], "web");
    EXPECT_EQ(guest["devices"][0]["state"], "connected");
    EXPECT_NE(log_of("web").find("hello"), std::string::npos);
    EXPECT_NE(ask(settle(false)).find("not a shell"), std::string::npos) << "it is one no more";
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply);
    EXPECT_EQ(domain.mapped, 0u);
    EXPECT_TRUE(xen.local_ports.empty());
    EXPECT_FALSE(has_journal());
}

TEST_F(ShellTest, that_nobody_wanted_leaves_no_log) {
    client = connect();
    ASSERT_EQ(ask(attach_shell()), devices::ok_reply);
    guest_writes("hello");
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply);
    EXPECT_FALSE(has_any_log());
}

TEST_F(ShellTest, is_settled_whole_or_not_at_all) {
    client = connect();
    EXPECT_NE(ask(settle(), {image().get()}).find("not_found"), std::string::npos);
    ASSERT_EQ(ask(attach_shell()), devices::ok_reply);
    const auto before = std::filesystem::file_size(directory + "/77.journal");
    auto request = settle();
    request.uuid = chaos::Uuid{{8}};
    EXPECT_NE(ask(request, {image().get()}).find("not_found"), std::string::npos);
    EXPECT_NE(ask(settle()).find("open files"), std::string::npos);
    request = settle();
    devices::SettleVif vif;
    vif.config.mac = chaos::MacAddress{2, 0, 0, 0, 0, 1};
    request.vifs.push_back(vif);
    EXPECT_NE(ask(request, {image().get()}).find("not_found"), std::string::npos) << "it has no vif";
    request = settle();
    request.vbds.push_back(attach_disk(1).vbds[0]); // whose port is taken
    EXPECT_NE(ask(request, {image().get(), image().get()}).find("error"), std::string::npos);
    EXPECT_EQ(list().at(0)["shell"], true);
    EXPECT_EQ(list().at(0)["devices"], Json::array());
    EXPECT_EQ(domain.mapped, 1u) << "the console";
    EXPECT_EQ(std::filesystem::file_size(directory + "/77.journal"), before);
    guest_writes("hello");
    EXPECT_FALSE(has_any_log());
    EXPECT_EQ(ask(settle(), {image().get()}), devices::ok_reply);
}

TEST_F(ShellTest, is_one_still_after_a_restart) {
    client = connect();
    ASSERT_EQ(ask(attach_shell()), devices::ok_reply);
    restart();
    EXPECT_EQ(list().at(0)["shell"], true);
    guest_writes("hello");
    EXPECT_FALSE(has_any_log());
    ASSERT_EQ(ask(settle(), {image().get()}), devices::ok_reply);
    EXPECT_NE(log_of("web").find("hello"), std::string::npos);
}

TEST_F(ShellTest, is_the_guest_it_became_after_a_restart) {
    client = connect();
    ASSERT_EQ(ask(attach_shell()), devices::ok_reply);
    ASSERT_EQ(ask(settle(), {image().get()}), devices::ok_reply);
    for (int round = 0; round < 2; ++round) {
        restart();
        const Json guest = list().at(0);
        EXPECT_EQ(guest["shell"], false);
        EXPECT_EQ(guest["name"], "web");
        ASSERT_EQ(guest["devices"].size(), 1u);
        // The journal is written anew, and says the same.
        for (int times = 0; times < 300 && round == 0; ++times) {
            ASSERT_EQ(ask(R"({"op":"detach","domain":77,"type":"vbd","id":0})"), devices::ok_reply);
            ASSERT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply);
        }
    }
    guest_writes("hello");
    EXPECT_NE(log_of("web").find("hello"), std::string::npos);
}

TEST_F(ShellTest, is_known_by_either_uuid_while_it_changes) {
    client = connect();
    ASSERT_EQ(ask(attach_shell()), devices::ok_reply);
    auto request = settle(false);
    request.next_uuid = chaos::Uuid{{8}};
    ASSERT_EQ(ask(request), devices::ok_reply);
    restart(); // the domain's handle is the former one yet
    EXPECT_EQ(list().at(0)["name"], "web");
    domain.handle = {8};
    restart();
    EXPECT_EQ(list().at(0)["uuid"], chaos::Uuid{{8}}.to_string());
    auto disk = attach_disk();
    disk.uuid = chaos::Uuid{{8}};
    EXPECT_EQ(ask(disk, {image().get()}), devices::ok_reply) << "it is the same guest";
    EXPECT_EQ(domain.mapped, 2u);
    domain.handle = {9};
    restart();
    EXPECT_EQ(guests->size(), 0u);
}

} // namespace
} // namespace xendevd
