// SPDX-License-Identifier: BSD-3-Clause
// Requests over the real socket: what is made, refused, listed, detached, forgotten, and found again by another xendevd.
#include "xendevd/server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/xen/control.hpp"
#include "noxs/noxs.h"
#include "tests/fakes/system_calls.hpp"
#include "tests/xendevd/daemon_fixture.hpp"
#include "xendevd/guests.hpp"

namespace xendevd {
namespace {

namespace devices = chaos::devices;
using chaos::EventChannelPort;
using chaos::GrantReference;
using Json = nlohmann::json;

constexpr chaos::Uuid uuid_of_fake{{7}};

class ServerTest : public DaemonFixture {
  protected:
    ServerTest() {
        char pattern[] = "/tmp/server-test.XXXXXX";
        directory = ::mkdtemp(pattern);
        daemon.log_directory = directory;
        std::ofstream(directory + "/image") << std::string(65536, '\0');
        std::filesystem::create_directory(directory + "/stores");
        grant(GrantReference{9}, 4);
        grant(GrantReference{11}, 5);
        start();
    }
    ~ServerTest() override {
        stop();
        std::filesystem::remove_all(directory);
    }
    void start() {
        guests = std::make_unique<Guests>(daemon, directory);
        server = *Server::open(daemon, *guests, directory + "/socket");
    }
    /// As kill -9 would: nothing is told to anybody.
    void stop() {
        server.reset();
        guests.reset();
    }
    chaos::UniqueFd connect() {
        chaos::UniqueFd socket = connect_unheard();
        turn();
        return socket;
    }
    /// The server has yet to see it.
    chaos::UniqueFd connect_unheard() {
        chaos::UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (directory + "/socket").copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return socket;
    }
    static void send(const chaos::UniqueFd& socket, std::string_view text,
                     const std::vector<int>& files = {}) {
        iovec part{const_cast<char*>(text.data()), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))];
        if (!files.empty()) {
            message.msg_control = control;
            message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
            std::memcpy(CMSG_DATA(header), files.data(), files.size() * sizeof(int));
        }
        EXPECT_EQ(::sendmsg(socket.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    /// The next packet; empty if there is none, nothing if the connection has ended.
    static std::optional<std::string> receive(const chaos::UniqueFd& socket) {
        std::string text(devices::largest_packet, '\0');
        const ssize_t size = ::recv(socket.get(), text.data(), text.size(), 0);
        if (size == 0)
            return std::nullopt;
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return text;
    }
    std::string ask(std::string_view text, const std::vector<int>& files = {}) {
        send(client, text, files);
        turn();
        turn();
        return receive(client).value_or("end of file");
    }
    std::string ask(const devices::Request& request, const std::vector<int>& files = {}) {
        return ask(encode(request), files);
    }
    devices::AttachRequest attach_console() {
        devices::AttachRequest request;
        request.domain = guest_id;
        request.uuid = uuid_of_fake;
        request.name = "web";
        request.console = devices::DeviceEnd{EventChannelPort{2}, GrantReference{9}};
        return request;
    }
    devices::AttachRequest attach_store() {
        auto request = attach_console();
        request.noxs = false;
        request.store = devices::AttachStore{{EventChannelPort{4}, GrantReference{11}}, 1, 4096};
        return request;
    }
    devices::AttachRequest attach_disk(std::uint32_t id = 0) {
        devices::AttachRequest request;
        request.domain = guest_id;
        request.uuid = uuid_of_fake;
        request.name = "web";
        devices::AttachVbd disk;
        disk.id = id;
        disk.end = {EventChannelPort{3}, GrantReference{11}};
        disk.config.path = directory + "/image";
        disk.config.device_name = "xvda";
        disk.sectors = 128;
        request.vbds.push_back(disk);
        return request;
    }
    chaos::UniqueFd image() {
        return chaos::UniqueFd(::open((directory + "/image").c_str(), O_RDWR | O_CLOEXEC));
    }
    /// The guest takes its disk into use.
    void offer_disk() {
        grant(GrantReference{134}, 6);
        auto& control = *reinterpret_cast<noxs_vbd_page*>(page(5));
        control.frontend.ring_pages = 1;
        control.frontend.ring_references[0] = 134;
        control.frontend.state = NOXS_FRONTEND_OFFERED;
        control.frontend.sequence = 1;
        notify(3);
    }
    Json list() {
        send(client, R"({"op":"list"})");
        turn();
        Json all = Json::array();
        for (auto packet = receive(client); packet && *packet != devices::ok_reply;
             packet = receive(client)) {
            if (packet->empty() || !Json::parse(*packet).contains("guest")) {
                ADD_FAILURE() << *packet;
                break;
            }
            all.push_back(Json::parse(*packet)["guest"]);
        }
        return all;
    }
    std::string store_journal_path() const { return directory + "/stores/77.journal"; }
    bool has_journal() const { return std::filesystem::exists(directory + "/77.journal"); }

    std::string directory;
    std::unique_ptr<Guests> guests;
    std::unique_ptr<Server> server;
    chaos::UniqueFd client;
};

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

TEST_F(ServerTest, does_not_serve_beside_another) {
    auto other = Server::open(daemon, *guests, directory + "/socket");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind(), chaos::ErrorKind::name_taken);
    server.reset(); // its socket file stays, as after kill -9
    EXPECT_TRUE(Server::open(daemon, *guests, directory + "/socket"));
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
