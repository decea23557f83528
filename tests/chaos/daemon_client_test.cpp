// SPDX-License-Identifier: BSD-3-Clause
// The client and daemons that answer nonsense, half, or not at all.
#include "chaos/daemon_client.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "chaos/daemon_error.hpp"
#include "running_chaosd.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos::cli {
namespace {

class DaemonClientTest : public testing::Test {
  protected:
    /// What becomes of a request that is answered so.
    std::string asked(const std::string& answer) {
        const test::RawAnswer daemon(path, answer);
        auto client = DaemonClient::connect(path);
        EXPECT_TRUE(client);
        const auto body = client->ask("GET", "/v1/host", {});
        return body ? "body: " + *body : std::string(body.error().story());
    }
    test::TemporaryDirectory directory;
    std::string path = directory / "chaosd.sock";
};

TEST_F(DaemonClientTest, is_not_there_without_a_daemon) {
    EXPECT_FALSE(DaemonClient::connect_if_running(path)->has_value());
    { const test::RawAnswer gone(path, ""); } // leaves its socket
    EXPECT_FALSE(DaemonClient::connect_if_running(path)->has_value());
    const auto refused = DaemonClient::connect(path);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().story().find("chaosd does not run"), std::string::npos);
    EXPECT_FALSE(DaemonClient::connect_if_running(std::string(200, 'x'))->has_value());
}

TEST_F(DaemonClientTest, reads_answers_and_errors) {
    EXPECT_EQ(asked("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), "body: {}");
    EXPECT_EQ(asked("HTTP/1.1 200 OK\r\nCONTENT-length:2\r\nX: y\r\n\r\n{}rest"), "body: {}");
    EXPECT_EQ(asked("HTTP/1.1 204 No Content\r\n\r\n"), "body: ");
    EXPECT_EQ(
        asked(
            "HTTP/1.1 404 X\r\nContent-Length: 48\r\n\r\n{\"error\":{\"kind\":\"not_found\",\"message\":\"it is\"}}"),
        "it is");
}

TEST_F(DaemonClientTest, does_not_trust_a_daemon) {
    const std::string not_understood = "chaosd's answer is not understood: ";
    EXPECT_EQ(asked(""), "chaosd has closed the connection");
    EXPECT_EQ(asked("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"), "chaosd has closed the connection");
    EXPECT_EQ(asked("HTTP/1.1 200 OK\r\n\r\n{}"), not_understood + "it has no length");
    EXPECT_EQ(asked("SSH-2.0-OpenSSH\r\n"), not_understood + "it is not HTTP/1.1");
    EXPECT_EQ(asked("HTTP/1.1 x\r\n\r\n"), not_understood + "it is not HTTP/1.1");
    EXPECT_EQ(asked("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n"),
              not_understood + "it has no sensible length");
    EXPECT_EQ(asked("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
              not_understood + "it has no sensible length");
    EXPECT_EQ(asked(std::string(100'000, 'x')), not_understood + "its head has no end");
    for (const std::string body : {"", "x", "[]", "{}", "{\"error\":1}", "{\"error\":{\"message\":2}}"})
        EXPECT_EQ(error_of_daemon(body).story(), "chaosd has failed and does not say why");
    EXPECT_EQ(error_of_daemon(R"({"error":{"kind":"new","message":"m"}})").kind(), ErrorKind::system);
}

TEST_F(DaemonClientTest, stops_waiting_when_it_is_told_to) {
    test::RunningChaosd daemon(path);
    daemon.with_service([](test::FakeService& service) { service.slow = true; });
    const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
    auto client = DaemonClient::connect(path);
    ASSERT_TRUE(client);
    const auto asked = client->ask("GET", "/v1/guests", {}, stop.get());
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().kind(), ErrorKind::interrupted);
}

TEST_F(DaemonClientTest, follows_lines_out_of_chunks) {
    const test::RawAnswer daemon(path, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nab\n\r\n1\r\n\n\r\n2\r\ncd\r\n5\r\ne\nfg\n\r\n0\r\n\r\n");
    auto client = DaemonClient::connect(path);
    ASSERT_TRUE(client->follow("/v1/events", -1));
    for (const char* line : {"ab", "cde", "fg"})
        EXPECT_EQ(client->next_line(-1)->value(), line);
    EXPECT_FALSE(client->next_line(-1)->has_value());
}

TEST_F(DaemonClientTest, targets_keep_names_in_one_part) {
    EXPECT_EQ(in_target("web-1.x_y"), "web-1.x_y");
    EXPECT_EQ(in_target("a/b c%\xff"), "a%2Fb%20c%25%FF");
}

} // namespace
} // namespace chaos::cli
