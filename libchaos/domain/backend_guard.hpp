// SPDX-License-Identifier: BSD-3-Clause
// The duty to make xendevd let go of a domain that is not finished: what it maps would keep the domain as a zombie.
#pragma once

#include <utility>

#include "libchaos/devices/client.hpp"

namespace chaos {

class BackendGuard {
  public:
    BackendGuard() = default;
    BackendGuard(devices::Client& client, DomainId id) : client_(&client), id_(id) {}
    BackendGuard(BackendGuard&& other) noexcept
        : client_(std::exchange(other.client_, nullptr)), id_(other.id_) {}
    BackendGuard& operator=(BackendGuard&& other) noexcept {
        std::swap(client_, other.client_);
        std::swap(id_, other.id_);
        return *this;
    }
    ~BackendGuard() {
        // A xendevd that does not answer forgets the domain by itself once it is gone.
        if (client_)
            (void)client_->forget(id_);
    }

    /// True if there is something for xendevd to forget.
    [[nodiscard]] bool is_set() const { return client_ != nullptr; }
    /// It is another thread's duty now, who talks to xendevd through `client`.
    void move_to(devices::Client& client) {
        if (client_)
            client_ = &client;
    }
    /// The domain lives on, and its devices with it.
    void release() { client_ = nullptr; }

  private:
    devices::Client* client_ = nullptr;
    DomainId id_{};
};

} // namespace chaos
