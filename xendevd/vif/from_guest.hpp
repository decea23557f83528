// SPDX-License-Identifier: BSD-3-Clause
// The transmit ring: takes the guest's frames, as many as there are at a time, and passes them on.
#pragma once

#include <cstdint>

#include "libchaos/result.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/event_loop.hpp"
#include "xendevd/rate_limiter.hpp"
#include "xendevd/vif/frame.hpp"
#include "xendevd/vif/granted_pages.hpp"
#include "xendevd/vif/ring.hpp"
#include "xendevd/vif/workspace.hpp"

namespace xendevd {

/// Where the guest's frames go.
class FrameSink {
  public:
    /// True if the frame is needed with at least its addresses in head().
    [[nodiscard]] virtual bool needs_head() const = 0;
    /// False if the frame was dropped.
    virtual bool send(Frame& frame) = 0;

  protected:
    ~FrameSink() = default;
};

class FromGuest {
  public:
    FromGuest(chaos::xen::GrantTable& grants, Workspace& workspace, GrantedPages& pages, Counters& counters,
              const chaos::RateLimit& limit)
        : grants_(grants), workspace_(workspace), pages_(pages), counters_(counters), limiter_(limit) {}

    /// `ring` is the mapped page.
    void connect(chaos::DomainId domain, std::byte* ring, bool persistent);

    enum class Next : std::uint8_t {
        nothing, ///< the guest sends an event when there is more
        more,    ///< there is more already
        later,   ///< the rate allows no more before next_time()
    };
    /// Takes and answers what the ring holds, at most one round of it. An error means that the guest broke the protocol.
    chaos::Result<Next> take(FrameSink& sink, Clock::time_point now);
    /// Shows the guest the answers, once everything that take() passed on is done with; true if it wants an event.
    [[nodiscard]] bool publish() { return ring_.publish(); }
    /// While not connected.
    void set_limit(const chaos::RateLimit& limit) { limiter_ = RateLimiter(limit); }
    [[nodiscard]] Clock::time_point next_time() const { return limiter_.next(); }

  private:
    using Taken = TransmitBatch::Taken;

    chaos::Result<bool> read_frame(std::uint32_t start, std::uint32_t waiting, Taken& taken);
    chaos::Result<bool> read_extras(std::uint32_t start, std::uint32_t waiting, Taken& taken);
    chaos::Result<void> fetch();
    bool pass_on(const Taken& taken, FrameSink& sink);
    void answer(const Taken& taken, std::int16_t status);

    chaos::xen::GrantTable& grants_;
    Workspace& workspace_;
    GrantedPages& pages_;
    Counters& counters_;
    RateLimiter limiter_;
    chaos::DomainId domain_{};
    bool is_persistent_ = false;
    TransmitRing ring_;
};

} // namespace xendevd
