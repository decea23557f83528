// SPDX-License-Identifier: BSD-3-Clause
// How a front end and its back-end meet on a device's control page (docs/noxs.md, section 5); the same for vif and vbd.
#pragma once

#include "devices.hpp"
#include "grant_table.hpp"

#include <span>

namespace unikernel {

class FrontEnd {
  public:
    enum class State {
        waiting,   // for a back-end
        connected, // served, with features() in use
        closing,   // asked to finish and close()
        closed,    // the back-end holds nothing of ours any more
        failed,    // as closed, and for ever: the back-end found us wanting
    };

    explicit FrontEnd(const Device& device);
    FrontEnd(const FrontEnd&) = delete;
    FrontEnd& operator=(const FrontEnd&) = delete;
    ~FrontEnd() { handler_.unbind(); }

    [[nodiscard]] const Device& device() const { return device_; }

    /// From now on events of the device end a wait_until(). The rings must be ready.
    void offer(std::uint32_t features, std::span<const GrantReference> rings);
    /// Uses the rings no more; closed follows.
    void close();

    /// What the back-end says now.
    [[nodiscard]] State state() const;
    /// What may be used, of what was offered; nothing unless connected.
    [[nodiscard]] std::uint32_t features() const;

    void notify() const { unikernel::notify(device_.port); }

  private:
    void publish(std::uint32_t state);
    bool is_listed() const;

    Device device_;
    EventHandler handler_;
    std::uint32_t offered_features_ = 0;
    std::uint32_t sequence_ = 0;
    mutable std::uint32_t known_generation_ = device_generation();
    mutable bool is_listed_ = true;
};

} // namespace unikernel
