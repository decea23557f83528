// SPDX-License-Identifier: BSD-3-Clause
// Requests over the real socket: what is made, refused, listed, detached and forgotten.
#include "tests/xendevd/server_fixture.hpp"

namespace xendevd {
namespace {

TEST_F(ServerTest, tells_how_it_is) {
    client = connect();
    const Json status = Json::parse(ask(R"({"op":"status"})"));
    EXPECT_EQ(status["ok"], true);
    EXPECT_EQ(status["pid"], ::getpid());
    EXPECT_EQ(status["guests"], 0);
    EXPECT_EQ(list(), Json::array());
}

TEST_F(ServerTest, makes_devices_lists_and_forgets_them) {
    client = connect();
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    const auto file = image();
    ASSERT_EQ(ask(attach_disk(), {file.get()}), devices::ok_reply);
    const Json guest = list().at(0);
    const auto as_read = devices::decode_list_packet(Json{{"guest", guest}}.dump());
    ASSERT_TRUE(as_read && *as_read);
    EXPECT_TRUE((*as_read)->console);
    EXPECT_EQ(guest["domain"], 77);
    EXPECT_EQ(guest["name"], "web");
    EXPECT_EQ(guest["devices"][0]["type"], "vbd");
    EXPECT_EQ(guest["devices"][0]["state"], "waiting");
    EXPECT_EQ(guest["devices"][0]["event_channel"], 3);
    EXPECT_FALSE(guest["devices"][0].contains("ring_ref"));
    EXPECT_EQ(domain.mapped, 2u);
    EXPECT_EQ(xen.local_ports.size(), 2u);
    EXPECT_TRUE(has_journal());
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply);
    EXPECT_EQ(domain.mapped, 0u);
    EXPECT_TRUE(xen.local_ports.empty());
    EXPECT_FALSE(has_journal());
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply)
        << "unknown guests are forgotten already";
}

TEST_F(ServerTest, lists_the_ring_that_a_guest_offered) {
    client = connect();
    const auto file = image();
    ASSERT_EQ(ask(attach_disk(), {file.get()}), devices::ok_reply);
    offer_disk();
    const Json disk = list().at(0)["devices"][0];
    EXPECT_EQ(disk["state"], "connected");
    EXPECT_EQ(disk["ring_ref"], 134);
}

TEST_F(ServerTest, makes_all_or_nothing) {
    client = connect();
    auto request = attach_console();
    request.vbds = attach_disk().vbds;
    request.vbds.push_back(attach_disk(0).vbds[0]); // the same once more
    const auto one = image(), two = image();
    EXPECT_NE(ask(request, {one.get(), two.get()}).find("error"), std::string::npos);
    EXPECT_EQ(domain.mapped, 0u);
    EXPECT_TRUE(xen.local_ports.empty());
    EXPECT_FALSE(has_journal());
    EXPECT_EQ(list(), Json::array());
}

TEST_F(ServerTest, answers_who_waits_for_a_removal_when_the_guest_goes) {
    client = connect();
    const auto file = image();
    ASSERT_EQ(ask(attach_disk(), {file.get()}), devices::ok_reply);
    offer_disk();
    constexpr const char* detach = R"({"op":"detach","domain":77,"type":"vbd","id":0,"timeout_ms":60000})";
    EXPECT_EQ(ask(detach), "") << "the guest is asked";
    const auto patient = std::exchange(client, connect());
    EXPECT_EQ(ask(detach), "");
    EXPECT_NE(receive(patient)->find("by another request"), std::string::npos);
    const auto last = std::exchange(client, connect());
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply);
    turn();
    EXPECT_EQ(receive(last), devices::ok_reply);
}

/// Made while xendevd did not run, say; or forgotten while its hot plug was under way.
TEST_F(ServerTest, notices_the_end_of_a_guest_that_it_knows_by_a_device_only) {
    client = connect();
    const auto file = image();
    ASSERT_EQ(ask(attach_disk(), {file.get()}), devices::ok_reply);
    xen.destroy(domain);
    ASSERT_NE(xen.find(raw(guest_id)), nullptr) << "kept by what is mapped here";
    while (guests->size() > 0)
        EXPECT_TRUE(loop->turn(std::chrono::milliseconds(100)));
    EXPECT_EQ(xen.find(raw(guest_id)), nullptr);
    EXPECT_FALSE(has_journal());
}

TEST_F(ServerTest, keeps_a_guest_whose_hot_plug_failed) {
    client = connect();
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    auto request = attach_disk();
    request.vbds[0].end.grant = GrantReference{200}; // nobody granted it
    const auto file = image();
    EXPECT_NE(ask(request, {file.get()}).find("vbd 0 of guest web (77)"), std::string::npos);
    EXPECT_EQ(list().at(0)["devices"], Json::array());
    EXPECT_NE(ask(attach_disk()).find("open files"), std::string::npos) << "a disk needs its file";
    EXPECT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply);
}

TEST_F(ServerTest, detaches_and_says_so_when_it_is_done) {
    client = connect();
    ASSERT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply);
    EXPECT_EQ(ask(R"({"op":"detach","domain":77,"type":"vbd","id":0})"), devices::ok_reply);
    EXPECT_NE(ask(R"({"op":"detach","domain":77,"type":"vbd","id":0})").find("not_found"), std::string::npos);
    EXPECT_NE(ask(R"({"op":"detach","domain":78,"type":"vif","id":0})").find("not_found"), std::string::npos);
    EXPECT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply) << "its place is free again";
}

TEST_F(ServerTest, survives_clients_that_make_no_sense) {
    client = connect();
    for (const char* text :
         {"{", "[]", "null", "{}", R"({"op":7})", R"({"op":"attach"})", R"({"op":"list","domain":-1})",
          R"({"op":"forget","domain":0})", R"({"op":"status","more":1})"})
        EXPECT_NE(ask(text).find("invalid_argument"), std::string::npos) << text;
    // Files nobody asked for are closed, not kept.
    const auto file = image();
    const auto before = xen.state().descriptors;
    (void)ask(R"({"op":"status"})", {file.get(), file.get(), file.get()});
    EXPECT_EQ(xen.state().descriptors, before);
    // Two requests without waiting for the first answer of a long one.
    for (int count = 0; count < 3; ++count)
        (void)connect(); // comes and goes
    turn();
    EXPECT_EQ(Json::parse(ask(R"({"op":"status"})"))["ok"], true);
}

/// The kernel announces a client that waits again and again: without a pause each turn would try to take it in.
TEST_F(ServerTest, pauses_while_there_is_no_descriptor_for_a_client) {
    constexpr int turns = 100;
    client = connect_unheard();
    send(client, R"({"op":"status"})");
    chaos::fakes::system_calls::fail_all("accept4", EMFILE);
    chaos::fakes::system_calls::start_counting();
    for (int count = 0; count < turns; ++count)
        turn();
    const auto calls = chaos::fakes::system_calls::stop_counting();
    const auto tries = std::count(calls.begin(), calls.end(), "accept4");
    EXPECT_GE(tries, 1);
    EXPECT_LT(tries, turns / 2);
    std::optional<std::string> answer("");
    while (answer && answer->empty()) { // now there is one
        EXPECT_TRUE(loop->turn(std::chrono::milliseconds(10)));
        answer = receive(client);
    }
    EXPECT_EQ(Json::parse(answer.value_or("{}"))["ok"], true);
}

TEST_F(ServerTest, hands_out_the_console) {
    client = connect();
    EXPECT_NE(ask(R"({"op":"console","domain":77,"write":true})").find("not_found"), std::string::npos);
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    auto first = connect(), second = connect();
    send(first, R"({"op":"console","domain":77,"write":true})");
    turn();
    EXPECT_EQ(receive(first), devices::ok_reply);
    send(second, R"({"op":"console","domain":77,"write":true})");
    turn();
    EXPECT_NE(receive(second)->find("typing"), std::string::npos);
    // The guest writes: struct xencons_interface has its output ring at 1024 and the indices behind it.
    std::memcpy(page(4) + 1024, "hello", 5);
    const std::uint32_t produced = 5;
    std::memcpy(page(4) + 1024 + 2048 + 12, &produced, sizeof produced);
    notify(2);
    turn();
    EXPECT_EQ(receive(first), "hello");
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply);
    turn();
    EXPECT_EQ(receive(first), std::nullopt) << "it ends with the guest";
}

TEST_F(ServerTest, does_not_serve_beside_another) {
    auto other = Server::open(daemon, *guests, directory + "/socket");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind(), chaos::ErrorKind::name_taken);
    server.reset(); // its socket file stays, as after kill -9
    EXPECT_TRUE(Server::open(daemon, *guests, directory + "/socket"));
}

} // namespace
} // namespace xendevd
