// SPDX-License-Identifier: BSD-3-Clause
// Word that some domain has stopped or is gone; Xen does not say which.
//
// It comes by a virtual interrupt that one program of the host can have. Where an xenstored runs, that has it, and passes
// it on as the watch @releaseDomain. A look is due now and then anyway, for what no interrupt tells.
#pragma once

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libchaos/xen/event_channel.hpp"

namespace chaos::daemon {

class StoreWatch;

class Deaths {
  public:
    /// Calls `notice` on the loop when there may be something to see. The loop must outlive it.
    Deaths(boost::asio::io_context& loop, std::function<void()> notice);
    Deaths(const Deaths&) = delete;
    Deaths& operator=(const Deaths&) = delete;
    ~Deaths();

    /// Where the word comes from: "the interrupt", "xenstored", "looking".
    [[nodiscard]] const char* source() const { return source_; }

  private:
    void listen();
    bool open_interrupt();
    void look_regularly();

    boost::asio::io_context& loop_;
    std::function<void()> notice_;
    std::optional<xen::EventChannels> events_;
    std::optional<boost::asio::posix::stream_descriptor> descriptor_; // borrowed from the handle
    std::unique_ptr<StoreWatch> store_;
    boost::asio::steady_timer timer_;
    const char* source_ = "looking";
};

} // namespace chaos::daemon
