// SPDX-License-Identifier: BSD-3-Clause
// A connection to xendevd, which serves the devices of guests.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::devices {

/// Move-only; not thread safe. Keep it: when xendevd is restarted the next request connects anew.
///
/// Every request fails with what xendevd says, with timed_out if it says nothing for `patience`, or with interrupted
/// when `stop_fd` (-1 for none) becomes readable first. A request that failed so may have been carried out.
class Client {
  public:
    static constexpr std::chrono::milliseconds patience{10'000};

    /// Nothing if no xendevd listens at `path`: one system call if there is no socket.
    static Result<std::optional<Client>> connect_if_running(const std::string& path);
    /// The same, but then an Error that says how to start it.
    static Result<Client> connect(const std::string& path);
    /// The Error that connect() gives, and whether an Error is such a one.
    static Error not_running(const std::string& path);
    static bool is_not_running(const Error& error);

    /// `images` are the open files of request.vbds, in their order; they stay the caller's.
    Result<void> attach(const AttachRequest& request, std::span<const int> images, int stop_fd = -1);
    /// As attach(), in two steps, so that other work can be done in between: begin_settling() sends, settled() has the
    /// answer. Any other request on this connection first waits for an answer that was not asked for, and drops it.
    Result<void> begin_settling(const SettleRequest& request, std::span<const int> images);
    Result<void> settled(int stop_fd = -1);
    /// Waits as long as the request allows the guest, and `patience` more. Fails with timed_out if the guest does not let
    /// go, not_found if there is no such device.
    Result<void> detach(const DetachRequest& request, int stop_fd = -1);
    /// Succeeds if xendevd knows nothing of the domain.
    Result<void> forget(DomainId domain);
    Result<void> shutdown(DomainId domain, ShutdownAction action);
    /// Of all guests, or of one: then not_found if xendevd does not know it.
    Result<std::vector<GuestStatus>> list(std::optional<DomainId> domain = std::nullopt);
    Result<DaemonStatus> status();
    /// Turns the connection into one that carries the guest's console: each packet read is some output, at first what there
    /// is of recent output; each written is input. At its end the guest is gone. Fails with not_found if xendevd does not
    /// know the guest's console, name_taken if somebody else writes already.
    Result<UniqueFd> console(DomainId domain, bool write) &&;

  private:
    explicit Client(std::string path) : path_(std::move(path)) {}

    Result<void> open();
    Result<void> send_or_reconnect(std::string_view packet, std::span<const int> files);
    Error give_up(Error problem);
    Result<void> send(std::string_view packet, std::span<const int> files);
    Result<std::string> receive(std::chrono::milliseconds timeout, int stop_fd);
    /// Sends, connecting anew if xendevd was restarted, and receives the one reply.
    Result<std::string> ask(std::string_view packet, std::span<const int> files = {},
                            std::chrono::milliseconds timeout = patience, int stop_fd = -1);

    std::string path_;
    UniqueFd socket_;          // not open after a failure that leaves a reply under way
    bool is_settling_ = false; // an answer to begin_settling() is to come
};

} // namespace chaos::devices
