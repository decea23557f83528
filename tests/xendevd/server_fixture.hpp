// SPDX-License-Identifier: BSD-3-Clause
// A server with a guest to serve, and a client of it; it can be killed and started again over the same files.
#pragma once

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
#include "xendevd/server.hpp"

namespace xendevd {

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

} // namespace xendevd
