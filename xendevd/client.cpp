// SPDX-License-Identifier: BSD-3-Clause
// Requests are read from the packet and carried out one after the other; what a client sends is foreign.
#include "xendevd/client.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "libchaos/devices/protocol.hpp"
#include "xendevd/guests.hpp"
#include "xendevd/server.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
namespace devices = chaos::devices;

namespace {

constexpr std::size_t most_files = 64;     // disks of one request
constexpr std::size_t listed_at_once = 64; // guests, before the others have their turn

struct Packet {
    std::string text;
    std::vector<chaos::UniqueFd> files;
    bool complete = true; ///< nothing of it was cut off
};

/// The next packet; an empty text means that the client has ended, nothing that there is none yet.
std::optional<Packet> receive(int socket) {
    static std::array<char, devices::largest_packet> text; // one thread, and too large for its stack
    alignas(cmsghdr) std::array<char, CMSG_SPACE(most_files * sizeof(int))> control;
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return std::nullopt;
    Packet packet;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); size >= 0 && header;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
            int file = -1;
            std::memcpy(&file, CMSG_DATA(header) + at, sizeof file);
            packet.files.emplace_back(file);
        }
    }
    packet.complete = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    if (size > 0)
        packet.text.assign(text.data(), static_cast<std::size_t>(size));
    return packet;
}

} // namespace

Client::Client(Daemon& daemon, Guests& guests, Server& server, chaos::UniqueFd socket)
    : daemon_(daemon), guests_(guests), server_(server), socket_(std::move(socket)) {}

Client::~Client() {
    *alive_ = false;
    if (socket_.is_open())
        daemon_.loop.remove(socket_.get());
}

Result<void> Client::start() {
    return daemon_.loop.add(socket_.get(), EPOLLIN, *this);
}

void Client::end() {
    if (std::exchange(ended_, true))
        return;
    const int descriptor = socket_.get();
    daemon_.loop.remove(descriptor);
    server_.forget(descriptor);
}

void Client::handle_descriptor(std::uint32_t events) {
    if (events & EPOLLOUT)
        send_more();
    if (!ended_ && (events & EPOLLIN))
        take_request();
    else if (!ended_ && (events & (EPOLLHUP | EPOLLERR)))
        end();
}

void Client::take_request() {
    auto packet = receive(socket_.get());
    if (!packet)
        return;
    if (packet->text.empty())
        return end();
    if (waiting_ || !outgoing_.empty() || listing_from_) {
        answer(Error(ErrorKind::invalid_argument, "the answer to the last request is still to come"));
        return end(); // whatever it is, it does not keep to the protocol
    }
    if (!packet->complete)
        return answer(Error(ErrorKind::invalid_argument,
                            "a request has at most " + std::to_string(devices::largest_packet) +
                                " bytes and " + std::to_string(most_files) + " files"));
    carry_out(packet->text, std::move(packet->files));
}

void Client::carry_out(std::string_view text, std::vector<chaos::UniqueFd> files) {
    auto request = devices::decode_request(text);
    if (!request)
        return answer(std::move(request).error().while_doing("reading the request"));
    const auto answer_later = [this, alive = alive_](Result<void> result) {
        if (!*alive)
            return;
        waiting_ = false;
        answer(std::move(result));
    };
    if (auto* attach = std::get_if<devices::AttachRequest>(&*request)) {
        waiting_ = true;
        return guests_.attach(std::move(*attach), std::move(files), answer_later);
    }
    if (const auto* settle = std::get_if<devices::SettleRequest>(&*request))
        return answer(guests_.settle(*settle, std::move(files)));
    if (const auto* detach = std::get_if<devices::DetachRequest>(&*request)) {
        waiting_ = true;
        return guests_.detach(*detach, answer_later);
    }
    if (const auto* forget = std::get_if<devices::ForgetRequest>(&*request)) {
        guests_.forget(forget->domain);
        return answer({});
    }
    if (const auto* shutdown = std::get_if<devices::ShutdownRequest>(&*request))
        return answer(guests_.shutdown(*shutdown));
    if (const auto* console = std::get_if<devices::ConsoleRequest>(&*request))
        return become_console(console->domain, console->write);
    if (const auto* list = std::get_if<devices::ListRequest>(&*request))
        return begin_list(*list);
    send(nlohmann::json{{"ok", true},
                        {"version", CHAOS_VERSION},
                        {"pid", ::getpid()},
                        {"guests", guests_.size()},
                        {"devices", guests_.devices()}}
             .dump());
}

void Client::become_console(chaos::DomainId domain, bool write) {
    Guest* guest = guests_.find(domain);
    if (!guest || !guest->console() || guest->is_shell())
        return answer(Error(ErrorKind::not_found,
                            "xendevd does not serve a console of domain " + std::to_string(raw(domain))));
    if (write && guest->console()->has_writer())
        return answer(Error(ErrorKind::name_taken, "somebody else is typing into this console")
                          .advise("Attach without writing, or end the other session first."));
    answer({});
    if (ended_ || !outgoing_.empty())
        return;
    daemon_.loop.remove(socket_.get());
    ended_ = true;
    server_.forget(socket_.get());
    // The server forgets by number: the console has its own, so that the number is not used again before that.
    chaos::UniqueFd copy(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0));
    if (copy.is_open())
        guest->console()->attach(std::move(copy), write);
}

void Client::begin_list(const devices::ListRequest& request) {
    if (!request.domain) {
        listing_from_ = 0;
        return send_more();
    }
    const Guest* guest = guests_.find(*request.domain);
    if (!guest)
        return answer(Error(ErrorKind::not_found,
                            "xendevd serves nothing of domain " + std::to_string(raw(*request.domain))));
    send(packet_of(*guest));
    answer({});
}

std::string Client::packet_of(const Guest& guest) {
    nlohmann::json description;
    guest.describe(description["guest"]);
    // Names and paths may be any bytes.
    return description.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Client::answer(Result<void> result) {
    send(result ? std::string(devices::ok_reply) : devices::encode_error(result.error()));
}

void Client::send(std::string packet) {
    outgoing_.push_back(std::move(packet));
    send_more();
}

void Client::send_more() {
    for (std::size_t budget = listed_at_once; !ended_ && budget > 0; --budget) {
        if (outgoing_.empty() && listing_from_) {
            if (const Guest* guest = guests_.first_from(*listing_from_)) {
                listing_from_ = raw(guest->domain()) + 1u;
                outgoing_.push_back(packet_of(*guest));
            } else {
                listing_from_.reset();
                outgoing_.emplace_back(devices::ok_reply);
            }
        }
        if (outgoing_.empty())
            break;
        const std::string& packet = outgoing_.front();
        if (::send(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            if (errno == EAGAIN || errno == ENOBUFS)
                break;
            return end();
        }
        outgoing_.pop_front();
    }
    const bool more = !outgoing_.empty() || listing_from_;
    if (!ended_ && more != is_writing_) {
        is_writing_ = more;
        (void)daemon_.loop.change(socket_.get(), more ? EPOLLIN | EPOLLOUT : EPOLLIN); // it is in the loop
    }
}

} // namespace xendevd
