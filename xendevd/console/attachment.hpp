// SPDX-License-Identifier: BSD-3-Clause
// One `chaos console` that is attached: a SOCK_SEQPACKET connection that gets what the guest writes and, if it may,
// types.
#pragma once

#include <cstdint>
#include <string>

#include "libchaos/unique_fd.hpp"
#include "xendevd/console/recent_output.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

class Attachment;

/// Whom an attachment belongs to: the console.
class AttachmentOwner {
  public:
    [[nodiscard]] virtual const RecentOutput& output() const = 0;
    /// True if the guest has taken all that was typed before.
    [[nodiscard]] virtual bool wants_input() const = 0;
    virtual void take_input(std::string_view typed) = 0;
    /// The other end is gone; destroys `attachment`.
    virtual void detach(Attachment& attachment) = 0;

  protected:
    ~AttachmentOwner() = default;
};

/// Keeps no output of its own: a reader that is slower than the guest finds that the oldest is gone, and is told how
/// much. Nothing is sent before the loop's next turn, so that the connection's former owner can answer first.
class Attachment final : DescriptorHandler {
  public:
    Attachment(EventLoop& loop, AttachmentOwner& owner, chaos::UniqueFd socket, bool writer);
    ~Attachment();

    [[nodiscard]] chaos::Result<void> start();
    /// True while somebody is there who may type.
    [[nodiscard]] bool is_writing() const { return writer_ && !gone_; }
    [[nodiscard]] bool is_writer() const { return writer_; }
    /// There is more output.
    void show_more();
    /// The owner wants input again. May end in detach().
    void read_more();
    /// Sends what fits without waiting, before the guest's console ends.
    void send_rest();

  private:
    enum class Sent : std::uint8_t { all, blocked, failed };

    void handle_descriptor(std::uint32_t events) override;
    [[nodiscard]] Sent send();
    [[nodiscard]] Sent send_packet(std::string_view bytes) const;
    void wait_for(std::uint32_t events);

    EventLoop& loop_;
    AttachmentOwner& owner_;
    chaos::UniqueFd socket_;
    bool writer_;
    bool gone_ = false;      ///< the other end has closed; what it typed before is still being read
    std::uint32_t events_;   ///< that the loop waits for
    std::uint64_t position_; ///< of the next byte to send
};

} // namespace xendevd
