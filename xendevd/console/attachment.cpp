// SPDX-License-Identifier: BSD-3-Clause
// Sending and reading without waiting. An attachment has room in its socket, or the loop tells when it has.
#include "xendevd/console/attachment.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace xendevd {

using chaos::Result;

namespace {

constexpr std::size_t longest_packet = 4096;

} // namespace

Attachment::Attachment(EventLoop& loop, AttachmentOwner& owner, chaos::UniqueFd socket, bool writer)
    : loop_(loop), owner_(owner), socket_(std::move(socket)), writer_(writer), events_(EPOLLIN | EPOLLOUT),
      position_(owner.output().oldest()) {}

Attachment::~Attachment() {
    loop_.remove(socket_.get());
}

Result<void> Attachment::start() {
    return loop_.add(socket_.get(), events_, *this);
}

void Attachment::wait_for(std::uint32_t events) {
    // Waiting for nothing still tells when the other end closes.
    if (!gone_ && events != events_ && loop_.change(socket_.get(), events))
        events_ = events;
}

void Attachment::handle_descriptor(std::uint32_t events) {
    // A closed connection is reported for as long as it is waited for.
    if (events & (EPOLLHUP | EPOLLERR)) {
        gone_ = true;
        loop_.remove(socket_.get());
    }
    if (!gone_ && (events & EPOLLOUT)) {
        if (send() == Sent::all)
            wait_for(events_ & ~std::uint32_t{EPOLLOUT});
    }
    if (gone_ || (events & EPOLLIN))
        read_more();
}

void Attachment::read_more() {
    // One packet, unless it is the last chance to read what was typed before the other end closed.
    do {
        if (writer_ && !owner_.wants_input()) {
            wait_for(events_ & ~std::uint32_t{EPOLLIN});
            return;
        }
        std::array<char, longest_packet> typed;
        const ssize_t size = ::recv(socket_.get(), typed.data(), typed.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR) && !gone_) {
            wait_for(events_ | EPOLLIN);
            return;
        }
        if (size <= 0)
            return owner_.detach(*this);
        if (writer_)
            owner_.take_input({typed.data(), static_cast<std::size_t>(size)});
    } while (gone_);
}

void Attachment::show_more() {
    if (gone_ || (events_ & EPOLLOUT))
        return; // the loop will tell when there is room
    if (send() == Sent::blocked)
        wait_for(events_ | EPOLLOUT);
}

void Attachment::send_rest() {
    if (!gone_)
        (void)send();
}

Attachment::Sent Attachment::send() {
    const RecentOutput& output = owner_.output();
    if (position_ < output.oldest()) {
        const std::uint64_t lost = output.oldest() - position_;
        const Sent sent = send_packet("\r\n[" + std::to_string(lost) + " bytes left out]\r\n");
        if (sent != Sent::all)
            return sent;
        position_ = output.oldest();
    }
    while (position_ < output.end()) {
        std::array<char, longest_packet> bytes;
        const std::size_t size = output.copy(position_, bytes);
        const Sent sent = send_packet({bytes.data(), size});
        if (sent != Sent::all)
            return sent;
        position_ += size;
    }
    return Sent::all;
}

Attachment::Sent Attachment::send_packet(std::string_view bytes) const {
    if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return Sent::all;
    // What else is wrong with the connection shows when it is read.
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? Sent::blocked : Sent::failed;
}

} // namespace xendevd
