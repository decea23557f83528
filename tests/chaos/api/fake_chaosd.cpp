// SPDX-License-Identifier: BSD-3-Clause
// fake_chaosd SOCKET: the API on a pretend service, until standard input ends.
#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdio>
#include <unistd.h>

#include "chaos/daemon/api/http_server.hpp"
#include "fake_service.hpp"

int main(int argument_count, char** arguments) {
    if (argument_count != 2)
        return 2;
    boost::asio::io_context loop(1);
    chaos::test::FakeService service;
    chaos::daemon::api::ServerOptions options;
    options.path = arguments[1];
    options.limits.heartbeat = std::chrono::milliseconds(200);
    options.limits.look = std::chrono::milliseconds(50);
    const auto server = chaos::daemon::api::HttpServer::open(loop, service, options);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().story().c_str());
        return 1;
    }
    boost::asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
    input.async_wait(input.wait_read, [&](const boost::system::error_code&) { loop.stop(); });
    std::puts("ready");
    std::fflush(stdout);
    loop.run();
    return 0;
}
