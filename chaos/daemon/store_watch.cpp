// SPDX-License-Identifier: BSD-3-Clause
// The protocol of xenstored's socket (xen/io/xs_wire.h): a head of four numbers, then so many bytes.
#include "chaos/daemon/store_watch.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <cstring>

namespace chaos::daemon {

namespace {

constexpr std::uint32_t watch = 4;        // XS_WATCH
constexpr std::uint32_t watch_event = 15; // XS_WATCH_EVENT
constexpr std::string_view wanted("@releaseDomain\0chaosd\0", 22);
constexpr const char* path = "/run/xenstored/socket";

} // namespace

std::unique_ptr<StoreWatch> StoreWatch::open(boost::asio::io_context& loop, std::function<void()> notice,
                                             std::function<void()> lost) {
    boost::system::error_code error;
    Socket socket(loop);
    socket.connect(path, error);
    if (error)
        return nullptr;
    std::unique_ptr<StoreWatch> opened(new StoreWatch(std::move(socket), std::move(notice), std::move(lost)));
    if (!opened->ask())
        return nullptr;
    opened->read_header();
    return opened;
}

/// A few bytes into the empty buffer of a socket: that does not wait.
bool StoreWatch::ask() {
    const std::array<std::uint32_t, 4> head{watch, 0, 0, static_cast<std::uint32_t>(wanted.size())};
    std::string message(reinterpret_cast<const char*>(head.data()), sizeof head);
    message += wanted;
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(message), error);
    return !error;
}

/// Whoever is told lets this go.
void StoreWatch::end() {
    const auto lost = std::move(lost_);
    lost();
}

void StoreWatch::read_header() {
    boost::asio::async_read(socket_, boost::asio::buffer(header_),
                            [this](const boost::system::error_code& error, std::size_t) {
                                if (error == boost::asio::error::operation_aborted)
                                    return; // this may be gone
                                if (error || header_[3] > body_.size())
                                    return end();
                                read_body(header_[3]);
                            });
}

void StoreWatch::read_body(std::uint32_t size) {
    boost::asio::async_read(socket_, boost::asio::buffer(body_.data(), size),
                            [this](const boost::system::error_code& error, std::size_t) {
                                if (error == boost::asio::error::operation_aborted)
                                    return;
                                if (error)
                                    return end();
                                if (header_[0] == watch_event)
                                    notice_();
                                read_header();
                            });
}

} // namespace chaos::daemon
