// SPDX-License-Identifier: BSD-3-Clause
// The loop belongs to the thread; everything else is put on it.
#include "running_chaosd.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <thread>

#include "chaos/daemon/api/http_server.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::test {

struct RunningChaosd::State {
    boost::asio::io_context loop{1};
    FakeService service;
    std::unique_ptr<daemon::api::HttpServer> server;
    std::thread thread;
};

RunningChaosd::RunningChaosd(const std::string& path) : state_(std::make_unique<State>()) {
    daemon::api::ServerOptions options;
    options.path = path;
    auto opened = daemon::api::HttpServer::open(state_->loop, state_->service, options);
    EXPECT_TRUE(opened) << opened.error().story();
    state_->server = std::move(*opened);
    state_->thread = std::thread([this] {
        const auto work = boost::asio::make_work_guard(state_->loop);
        state_->loop.run();
    });
}

RunningChaosd::~RunningChaosd() {
    stop();
}

void RunningChaosd::with_service(const std::function<void(FakeService&)>& task) {
    std::promise<void> done;
    boost::asio::post(state_->loop, [&] {
        task(state_->service);
        done.set_value();
    });
    done.get_future().wait();
}

void RunningChaosd::stop() {
    if (!state_->thread.joinable())
        return;
    with_service([this](FakeService&) { state_->server.reset(); });
    state_->loop.stop();
    state_->thread.join();
}

struct RawAnswer::State {
    UniqueFd listening;
    std::thread thread;
};

RawAnswer::RawAnswer(const std::string& path, std::string answer) : state_(std::make_unique<State>()) {
    state_->listening = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ::unlink(path.c_str());
    EXPECT_EQ(::bind(state_->listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(state_->listening.get(), 1), 0);
    state_->thread = std::thread([this, text = std::move(answer)] {
        const UniqueFd client(::accept4(state_->listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
        char request[4096];
        if (client.is_open() && ::recv(client.get(), request, sizeof request, 0) > 0)
            ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
    });
}

RawAnswer::~RawAnswer() {
    ::shutdown(state_->listening.get(), SHUT_RDWR);
    state_->thread.join();
}

} // namespace chaos::test
