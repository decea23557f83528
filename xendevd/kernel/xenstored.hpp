// SPDX-License-Identifier: BSD-3-Clause
// The host's xenstored, asked from within the loop, which never waits for it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libchaos/unique_fd.hpp"
#include "libchaos/xenstore/batch.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

class Xenstored final : DescriptorHandler {
  public:
    /// Connects, as root: later it may not let us in. Null if none listens at `path`.
    static chaos::Result<std::unique_ptr<Xenstored>> open(EventLoop& loop, const std::string& path);
    ~Xenstored();

    /// What was answered to each request of a batch; nothing where it was refused, as for a path that is not there.
    using Answers = std::vector<std::optional<std::string>>;
    /// Passes the answers to `then`, in a later turn of the loop; never, if the connection is lost before.
    void ask(const chaos::xenstore::Batch& batch, std::function<void(Answers)> then);
    /// Called once, when the connection is lost.
    std::function<void()> when_lost;

  private:
    struct Asked {
        std::size_t requests;
        Answers answers;
        std::function<void(Answers)> then;
    };
    Xenstored(EventLoop& loop, chaos::UniqueFd socket) : loop_(loop), socket_(std::move(socket)) {}
    void handle_descriptor(std::uint32_t events) override;
    void send();
    bool receive();
    void take_messages();
    void lose();

    EventLoop& loop_;
    chaos::UniqueFd socket_;
    std::string to_send_, received_;
    bool waits_to_send_ = false;
    std::deque<Asked> asked_;
};

} // namespace xendevd
