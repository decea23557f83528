// SPDX-License-Identifier: BSD-3-Clause
// What another xendevd takes up after the first was killed, and what it does not.
#include "tests/xendevd/server_fixture.hpp"

namespace xendevd {
namespace {

TEST_F(ServerTest, takes_up_what_a_killed_one_left) {
    client = connect();
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    ASSERT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply);
    stop();
    start();
    EXPECT_EQ(domain.mapped, 0u);
    auto control = *chaos::xen::Control::open();
    ASSERT_TRUE(guests->restore(control));
    EXPECT_EQ(domain.mapped, 2u);
    client = connect();
    EXPECT_EQ(list().at(0)["devices"][0]["type"], "vbd");
    EXPECT_EQ(ask(R"({"op":"detach","domain":77,"type":"vbd","id":0})"), devices::ok_reply);
    stop();
    start();
    ASSERT_TRUE(guests->restore(control));
    client = connect();
    EXPECT_EQ(list().at(0)["devices"], Json::array()) << "what was detached stays away";
}

TEST_F(ServerTest, does_not_take_up_what_was_detached_while_it_could_not_be_served) {
    client = connect();
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    ASSERT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply);
    auto control = *chaos::xen::Control::open();
    const auto restart = [&] {
        stop();
        start();
        ASSERT_TRUE(guests->restore(control));
        client = connect();
        EXPECT_EQ(list().at(0)["devices"], Json::array());
    };
    std::filesystem::rename(directory + "/image", directory + "/away");
    restart();
    EXPECT_NE(ask(R"({"op":"detach","domain":77,"type":"vbd","id":0})").find("not_found"), std::string::npos);
    std::filesystem::rename(directory + "/away", directory + "/image");
    restart();
}

TEST_F(ServerTest, does_not_take_up_what_has_become_another_guest) {
    client = connect();
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    stop();
    domain.handle = {8};
    start();
    auto control = *chaos::xen::Control::open();
    ASSERT_TRUE(guests->restore(control));
    EXPECT_EQ(guests->size(), 0u);
    EXPECT_FALSE(has_journal());
}

TEST_F(ServerTest, lets_no_guest_find_the_store_of_one_that_had_its_id) {
    client = connect();
    ASSERT_EQ(ask(attach_store()), devices::ok_reply);
    ASSERT_TRUE(std::filesystem::exists(store_journal_path()));
    stop();
    domain.handle = {8};
    start();
    auto control = *chaos::xen::Control::open();
    ASSERT_TRUE(guests->restore(control));
    EXPECT_FALSE(std::filesystem::exists(store_journal_path()));

    // The same if it was killed between forgetting a guest and forgetting the guest's store.
    std::ofstream(store_journal_path()) << R"({"do":[["w","/local/domain/77/name","another"]]})" << '\n';
    client = connect();
    ASSERT_EQ(ask(attach_store()), devices::ok_reply);
    std::ifstream journal(store_journal_path());
    std::string line;
    ASSERT_TRUE(std::getline(journal, line));
    EXPECT_NE(line.find(R"(/name","web")"), std::string::npos) << line;
    EXPECT_EQ(ask(R"({"op":"forget","domain":77})"), devices::ok_reply);
    EXPECT_FALSE(std::filesystem::exists(store_journal_path()));
}

TEST_F(ServerTest, lives_with_journals_that_were_damaged) {
    std::ofstream(directory + "/77.journal") << "nonsense\n{}\n";
    std::ofstream(directory + "/78.journal") << "";
    std::filesystem::create_directory(directory + "/79.journal");
    stop();
    start();
    auto control = *chaos::xen::Control::open();
    ASSERT_TRUE(guests->restore(control));
    EXPECT_EQ(guests->size(), 0u);
}

TEST_F(ServerTest, writes_a_long_journal_anew) {
    client = connect();
    ASSERT_EQ(ask(attach_console()), devices::ok_reply);
    for (int round = 0; round < 300; ++round) {
        ASSERT_EQ(ask(attach_disk(), {image().get()}), devices::ok_reply);
        ASSERT_EQ(ask(R"({"op":"detach","domain":77,"type":"vbd","id":0})"), devices::ok_reply);
    }
    EXPECT_LT(std::filesystem::file_size(directory + "/77.journal"), 70'000u);
    stop();
    start();
    auto control = *chaos::xen::Control::open();
    ASSERT_TRUE(guests->restore(control));
    client = connect();
    EXPECT_EQ(list().at(0)["devices"], Json::array());
    EXPECT_EQ(domain.mapped, 1u) << "the console";
}

} // namespace
} // namespace xendevd
