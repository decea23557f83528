// SPDX-License-Identifier: BSD-3-Clause
// The server on a real socket: many clients, rude ones, and ones that go.
#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <thread>

#include "chaos/daemon/api/http_server.hpp"
#include "fake_service.hpp"
#include "libchaos/unique_fd.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos::test {
namespace {

using daemon::api::HttpServer;
using daemon::api::ServerOptions;
using namespace std::chrono_literals;

/// A client that says exactly what a test wants said.
class Client {
  public:
    explicit Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    /// False once the server has closed.
    bool send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// Reads until `mark` has come `times` times, or the server has closed.
    std::string read_until(std::string_view mark, int times = 1) {
        std::size_t from = 0;
        while (times > 0) {
            if (const auto at = in_.find(mark, from); at != in_.npos) {
                from = at + mark.size();
                --times;
            } else if (!read_more()) {
                from = in_.size();
                break;
            }
        }
        std::string read = in_.substr(0, from);
        in_.erase(0, from);
        return read;
    }
    std::string read_all() { return read_until("\n\nthis is never sent\n\n"); }
    void end_sending() { ::shutdown(socket_.get(), SHUT_WR); }
    void hang_up() { socket_ = UniqueFd(); }

  private:
    bool read_more() {
        char buffer[65536];
        const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (got <= 0)
            return false;
        in_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }
    UniqueFd socket_;
    std::string in_;
};

std::string get(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

std::string post(std::string_view target, std::string_view body) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

std::string create(const std::string& name) {
    return post("/v1/guests",
                R"({"config":{"name":")" + name + R"(","kernel":"/boot/web","memory_kib":4096}})");
}

class ServerTest : public testing::Test {
  protected:
    void start() {
        options.path = directory.path() + "/chaosd.sock";
        auto opened = HttpServer::open(loop, service, options);
        ASSERT_TRUE(opened) << opened.error().story();
        server = std::move(*opened);
        thread = std::thread([this] {
            const auto work = boost::asio::make_work_guard(loop);
            loop.run();
        });
    }
    /// On the thread of the loop.
    template<typename What>
    auto in_loop(What what) {
        std::packaged_task<decltype(what())()> task(what);
        auto done = task.get_future();
        boost::asio::post(loop, [&] { task(); });
        return done.get();
    }
    void stop() {
        if (!thread.joinable())
            return;
        in_loop([&] {
            server.reset();
            loop.stop();
        });
        thread.join();
    }
    ~ServerTest() override { stop(); }

    TemporaryDirectory directory;
    ServerOptions options;
    boost::asio::io_context loop{1};
    FakeService service; // what it still has to answer has sockets of the loop
    std::unique_ptr<HttpServer> server;
    std::thread thread;
};

TEST_F(ServerTest, keeps_a_connection_for_many_requests) {
    start();
    Client client(options.path);
    for (int number = 0; number < 50; ++number) {
        ASSERT_TRUE(client.send(create("web" + std::to_string(number))));
        const std::string answer = client.read_until("}}");
        EXPECT_EQ(answer.substr(0, 22), "HTTP/1.1 201 Created\r\n");
    }
}

TEST_F(ServerTest, answers_pipelined_requests_in_their_order_and_one_at_a_time) {
    service.slow = true;
    start();
    Client client(options.path);
    client.send(create("a") + create("b") + get("/v1/host") +
                "GET /v1/host HTTP/1.1\r\nConnection: close\r\n\r\n");
    std::size_t most = 0;
    for (int turn = 0; turn < 20; ++turn) {
        std::this_thread::sleep_for(2ms);
        most = std::max(most, in_loop([&] {
                            const std::size_t asked = service.asked.size();
                            service.run();
                            return asked;
                        }));
    }
    const std::string answer = client.read_all();
    const auto a = answer.find("\"name\":\"a\""), b = answer.find("\"name\":\"b\""),
               host = answer.find("xen_version");
    EXPECT_TRUE(a < b && b < host && host != answer.npos) << answer;
    EXPECT_EQ(most, 2u);
}

TEST_F(ServerTest, heads_have_lengths_and_no_bodies) {
    start();
    Client client(options.path);
    client.send(
        "HEAD /v1/host HTTP/1.1\r\n\r\nHEAD /v1/events HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_all();
    EXPECT_NE(answer.find("Content-Length: "), answer.npos);
    EXPECT_EQ(answer.find("xen_version"), answer.npos);
    EXPECT_NE(answer.find("HTTP/1.1 204 No Content\r\nServer: chaosd\r\nAllow: GET"), answer.npos) << answer;
}

TEST_F(ServerTest, tells_events_in_chunks_and_only_those_asked_for) {
    options.limits.heartbeat = 20ms;
    options.limits.look = 5ms;
    start();
    Client follower(options.path), old(options.path), client(options.path);
    follower.send(get("/v1/events?kind=created"));
    EXPECT_NE(follower.read_until("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
    old.send("GET /v1/events HTTP/1.0\r\n\r\n");
    old.read_until("\r\n\r\n");
    client.send(create("web") + "DELETE /v1/guests/web HTTP/1.1\r\n\r\n" + create("next"));
    const std::string events = follower.read_until("\"guest\":\"next\"");
    EXPECT_NE(events.find("\"guest\":\"web\""), events.npos);
    EXPECT_EQ(events.find("destroyed"), events.npos);
    EXPECT_NE(follower.read_until("1\r\n\n\r\n").find("1\r\n\n\r\n"), std::string::npos) << "it lives";
    EXPECT_NE(old.read_until("\"guest\":\"next\"").find("\"kind\":\"destroyed\""), std::string::npos);
}

TEST_F(ServerTest, cuts_off_a_follower_that_does_not_read) {
    options.limits.stream_bytes = 4096;
    start();
    Client follower(options.path);
    follower.send(get("/v1/events"));
    follower.read_until("\r\n\r\n");
    in_loop([&] {
        for (int count = 0; count < 20'000; ++count)
            service.events().tell({daemon::EventKind::shell_ready, 1, {}, {}, {}, "small", {}});
    });
    Client other(options.path);
    other.send(get("/v1/host"));
    EXPECT_NE(other.read_until("}").find("200 OK"), std::string::npos);
    follower.read_all(); // ends
}

TEST_F(ServerTest, a_client_that_hangs_up_before_the_answer_gets_no_guest) {
    service.slow = true;
    start();
    Client rude(options.path), polite(options.path);
    rude.send(create("rude"));
    polite.send(create("polite"));
    polite.end_sending();
    while (in_loop([&] { return service.asked.size(); }) < 2)
        std::this_thread::sleep_for(1ms);
    rude.hang_up();
    in_loop([&] { service.run(); });
    EXPECT_NE(polite.read_until("}}").find("201 Created"), std::string::npos);
    while (in_loop([&] {
               service.run();
               return service.destroyed;
           }) < 1)
        std::this_thread::sleep_for(1ms);
    EXPECT_EQ(in_loop([&] { return service.names(); }), std::vector<std::string>{"polite"});
}

TEST_F(ServerTest, half_requests_and_idle_clients_are_let_go_in_time) {
    options.limits.idle = 30ms;
    options.limits.slow_request = 30ms;
    options.limits.look = 5ms;
    start();
    Client idle(options.path), half(options.path), liar(options.path);
    half.send("GET /v1/host HTT");
    liar.send("POST /v1/guests HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{");
    EXPECT_EQ(idle.read_all(), "");
    EXPECT_NE(half.read_all().find("408 Request Timeout"), std::string::npos);
    EXPECT_NE(liar.read_all().find("408 Request Timeout"), std::string::npos);
}

TEST_F(ServerTest, huge_bodies_and_endless_heads_are_refused_and_the_answer_arrives) {
    start();
    Client huge(options.path), endless(options.path), more(options.path);
    huge.send("POST /v1/guests HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n");
    for (int count = 0; count < 100 && huge.send(std::string(10'000, 'x')); ++count) {
    }
    EXPECT_NE(huge.read_all().find("413 Content Too Large"), std::string::npos);
    endless.send("GET / HTTP/1.1\r\n");
    for (int count = 0; count < 10'000 && endless.send("Header: value\r\n"); ++count) {
    }
    EXPECT_NE(endless.read_all().find("431 "), std::string::npos);
    more.send("POST /v1/guests HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}trailing bytes\r\n\r\n");
    const std::string answer = more.read_all();
    EXPECT_NE(answer.find("config is missing"), std::string::npos);
    EXPECT_NE(answer.find("this is not a request of HTTP"), std::string::npos);
}

TEST_F(ServerTest, slow_readers_do_not_keep_their_answers_for_ever) {
    options.limits.slow_reader = 50ms;
    options.limits.look = 5ms;
    start();
    Client client(options.path);
    std::string many;
    for (int count = 0; count < 3000; ++count) // their answers are far more than a socket holds
        many += get("/v1/openapi.yaml");
    std::thread sender([&] { client.send(many); });
    sender.join(); // the server has closed, or all would not have gone
    Client other(options.path);
    other.send(get("/v1/host"));
    EXPECT_NE(other.read_until("}").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, two_hundred_clients_are_served_and_too_many_are_told) {
    options.limits.connections_per_user = 200;
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int count = 0; count < 200; ++count)
        clients.push_back(std::make_unique<Client>(options.path));
    for (auto& client : clients)
        client->send(get("/v1/host"));
    for (auto& client : clients)
        EXPECT_NE(client->read_until("}").find("200 OK"), std::string::npos);
    Client one_more(options.path);
    EXPECT_NE(one_more.read_all().find("503 Service Unavailable"), std::string::npos);
    clients.clear();
    bool served = false;
    while (!served) {
        Client again(options.path);
        again.send(get("/v1/host"));
        served = again.read_until("}").find("200 OK") != std::string::npos;
    }
}

TEST_F(ServerTest, the_socket_is_ours_alone_and_goes_with_us) {
    start();
    struct stat status {};
    ASSERT_EQ(::stat(options.path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0660u);
    boost::asio::io_context other_loop(1);
    const auto second = HttpServer::open(other_loop, service, options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), ErrorKind::name_taken);
    stop();
    EXPECT_NE(::stat(options.path.c_str(), &status), 0);
}

TEST_F(ServerTest, a_socket_that_a_dead_daemon_left_is_replaced_and_other_files_are_not) {
    const std::string path = directory.path() + "/chaosd.sock";
    {
        const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    start();
    Client client(path);
    client.send(get("/v1/host"));
    EXPECT_NE(client.read_until("}").find("200 OK"), std::string::npos);
    stop();
    options.path = directory.path() + "/file";
    ASSERT_TRUE(UniqueFd(::creat(options.path.c_str(), 0600)).is_open());
    const auto refused = HttpServer::open(loop, service, options);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().story().find("is no socket"), std::string::npos);
    options.path = directory.path() + "/other.sock";
    options.group = "no such group";
    EXPECT_FALSE(HttpServer::open(loop, service, options));
    options.path = std::string(200, 'x');
    EXPECT_FALSE(HttpServer::open(loop, service, options));
}

TEST_F(ServerTest, may_end_before_the_service_has_answered) {
    service.slow = true;
    start();
    Client client(options.path), follower(options.path);
    follower.send(get("/v1/events"));
    follower.read_until("\r\n\r\n");
    client.send(create("web"));
    while (in_loop([&] { return service.asked.size(); }) < 1)
        std::this_thread::sleep_for(1ms);
    stop();
    EXPECT_EQ(client.read_all(), "");
    for (int turn = 0; turn < 3; ++turn)
        service.run();
    EXPECT_TRUE(service.names().empty());
}

} // namespace
} // namespace chaos::test
