// SPDX-License-Identifier: BSD-3-Clause
// The interrupt if it is free, else xenstored's watch, and a look now and then in any case.
#include "chaos/daemon/deaths.hpp"

#include <array>

#include "chaos/daemon/store_watch.hpp"

namespace chaos::daemon {

namespace {

using std::chrono::seconds;

constexpr seconds look_every{10};
/// Where nobody tells of all domains: xenstored says nothing of those that it does not know, as most guests of chaos are.
constexpr seconds look_often{1};

} // namespace

Deaths::Deaths(boost::asio::io_context& loop, std::function<void()> notice)
    : loop_(loop), notice_(std::move(notice)), timer_(loop) {
    listen();
    look_regularly();
}

Deaths::~Deaths() {
    if (descriptor_)
        (void)descriptor_->release(); // it is the handle's
}

void Deaths::listen() {
    if (open_interrupt()) {
        source_ = "the interrupt";
        return;
    }
    store_ = StoreWatch::open(loop_, notice_, [this] {
        store_.reset();
        source_ = "looking";
    });
    source_ = store_ ? "xenstored" : "looking";
}

bool Deaths::open_interrupt() {
    auto events = xen::EventChannels::open();
    if (!events || !events->bind_domain_exception())
        return false;
    events_ = std::move(*events);
    descriptor_.emplace(loop_, events_->fd());
    const auto wait = [this](const auto& again) -> void {
        descriptor_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                [this, again](const boost::system::error_code& error) {
                                    if (error)
                                        return;
                                    std::array<EventChannelPort, 8> ports;
                                    // Unmasked before the look: what ends meanwhile interrupts again.
                                    if (const auto count = events_->take_all_pending(ports))
                                        (void)events_->unmask_all(std::span(ports).first(*count));
                                    notice_();
                                    again(again);
                                });
    };
    wait(wait);
    return true;
}

void Deaths::look_regularly() {
    timer_.expires_after(descriptor_ ? look_every : look_often);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error)
            return;
        if (!descriptor_ && !store_)
            listen(); // an xenstored may have started, or ended
        notice_();
        look_regularly();
    });
}

} // namespace chaos::daemon
