// SPDX-License-Identifier: BSD-3-Clause
// A connection to the host's xenstored: batches of requests, and waiting for a value to change.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xenstore/batch.hpp"

namespace chaos::xenstore {

/// Where xenstored listens (its --help calls it the run directory).
constexpr const char* default_socket = "/run/xenstored/socket";

/// Connects when it is first used, and again after the connection was lost. Move-only; not thread safe.
class Connection {
  public:
    explicit Connection(std::string path) : path_(std::move(path)) {}

    /// Connects, if it is not connected. Fails with not_found and advice if no xenstored listens.
    Result<void> connect();

    /// Sends all requests of `batch` at once and waits for the answers. Fails as the first of them that failed did; those
    /// after it were carried out nevertheless.
    Result<void> carry_out(const Batch& batch);
    /// The same, with what was answered to each: nothing where there is no such path.
    using Answer = std::optional<std::string>;
    Result<std::vector<Answer>> ask(const Batch& batch);
    /// The value at `path`, or nothing.
    Result<Answer> read(std::string_view path);

    /// Waits until `wanted` is true of what is at `path`. Fails with timed_out, with interrupted if `stop_fd` (-1: none)
    /// becomes readable, or as `wanted` does.
    Result<void> wait_for(const std::string& path, std::chrono::milliseconds timeout, int stop_fd,
                          const std::function<Result<bool>(const Answer&)>& wanted);

  private:
    using Clock = std::chrono::steady_clock;
    Result<void> send(std::string_view bytes);
    Result<std::vector<Answer>> exchange(const Batch& batch);
    /// The next message; watch events too. What it points to is valid until the next call.
    Result<Message> receive(Clock::time_point deadline, int stop_fd);
    Result<void> wait_for_event(Clock::time_point deadline, int stop_fd);

    std::string path_;
    UniqueFd socket_;
    std::string received_; ///< from `taken_` on not looked at yet
    std::size_t taken_ = 0;
    bool is_in_step_ = false; ///< nothing asked before is still to be answered
    bool has_event_ = false;  ///< one came among answers
};

} // namespace chaos::xenstore
