// SPDX-License-Identifier: BSD-3-Clause
// Bytes as they come, in any pieces.
#include <gtest/gtest.h>

#include <optional>

#include "chaos/daemon/api/request_reader.hpp"

namespace chaos::daemon::api {
namespace {

using Progress = RequestReader::Progress;

/// What comes of the bytes: "POST /a body; " for each request, or the status that refuses them.
std::string read(std::string_view bytes, std::size_t piece = 1'000'000) {
    RequestReader reader;
    std::string told, kept;
    while (true) {
        std::string_view left = kept;
        const Progress progress = reader.take(left);
        kept.erase(0, kept.size() - left.size());
        if (progress == Progress::refused)
            return told + std::to_string(reader.refusal().status);
        if (progress == Progress::complete) {
            const Request request = reader.request();
            told += std::to_string(static_cast<int>(request.method)) + " " + request.target + " " +
                    request.body + (request.keep_alive ? "; " : ". ");
            continue;
        }
        EXPECT_LE(kept.size(), largest_head);
        if (bytes.empty())
            return told + (reader.has_begun() ? "…" : "");
        kept += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
}

TEST(RequestReader, takes_requests_apart_whatever_the_pieces) {
    const std::string bytes =
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
        "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        "DELETE /d HTTP/1.0\r\n\r\n";
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 50u, 1000u})
        EXPECT_EQ(read(bytes, piece), "0 /a ; 2 /b abc; 2 /c abc; 4 /d . ") << piece;
}

TEST(RequestReader, knows_methods_and_who_wants_to_go) {
    EXPECT_EQ(read("BREW /pot HTTP/1.1\r\n\r\n"), "6 /pot ; ");
    EXPECT_EQ(read("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), "0 / . ");
    EXPECT_EQ(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "0 / ; ");
}

TEST(RequestReader, refuses_what_is_no_request_or_too_large) {
    EXPECT_EQ(read("nonsense\r\n\r\n"), "400");
    EXPECT_EQ(read("GET / HTTP/2.0\r\n\r\n").size(), 3u);
    EXPECT_EQ(read("\x16\x03\x01\x02\r\n\r\n"), "400");
    EXPECT_EQ(read("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"), "431");
    EXPECT_EQ(read("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", 100), "431");
    std::string endless = "GET / HTTP/1.1\r\n";
    for (int count = 0; count < 1000; ++count)
        endless += "A: b\r\nB" + std::to_string(count) + ": c\r\n";
    EXPECT_EQ(read(endless, 64), "431");
    EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), "413");
    EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), "400");
    EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "400");
    EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), "400");
    EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), "400");
    EXPECT_EQ(read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string("fffff1\r\n")),
              "413");
}

TEST(RequestReader, waits_for_a_body_that_was_promised) {
    EXPECT_EQ(read("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd"), "…");
}

TEST(RequestReader, says_once_that_a_body_is_waited_for) {
    RequestReader reader;
    std::string_view head = "POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n";
    EXPECT_EQ(reader.take(head), Progress::needs_more);
    EXPECT_TRUE(reader.take_continue());
    EXPECT_FALSE(reader.take_continue());
    std::string_view body = "x";
    EXPECT_EQ(reader.take(body), Progress::complete);
}

} // namespace
} // namespace chaos::daemon::api
