// SPDX-License-Identifier: BSD-3-Clause
// The one thing that chaosd wants of a xenstored: to be told when a domain ends.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace chaos::daemon {

/// A connection to xenstored's socket with a watch on @releaseDomain.
class StoreWatch {
  public:
    /// Null if no xenstored listens. `notice` is called for each event; `lost` once, when the connection has ended.
    static std::unique_ptr<StoreWatch> open(boost::asio::io_context& loop, std::function<void()> notice,
                                            std::function<void()> lost);
    StoreWatch(const StoreWatch&) = delete;
    StoreWatch& operator=(const StoreWatch&) = delete;

  private:
    using Socket = boost::asio::local::stream_protocol::socket;
    StoreWatch(Socket socket, std::function<void()> notice, std::function<void()> lost)
        : socket_(std::move(socket)), notice_(std::move(notice)), lost_(std::move(lost)) {}
    bool ask();
    void end();
    void read_header();
    void read_body(std::uint32_t size);

    Socket socket_;
    std::function<void()> notice_;
    std::function<void()> lost_;
    std::array<std::uint32_t, 4> header_{};
    std::array<char, 4096> body_{};
};

} // namespace chaos::daemon
