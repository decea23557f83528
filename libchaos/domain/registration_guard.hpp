// SPDX-License-Identifier: BSD-3-Clause
// The duty to take a guest that is not finished out of xenstored again, and its domain with it.
#pragma once

#include <utility>

#include "libchaos/config/uuid.hpp"
#include "libchaos/domain/host.hpp"

namespace chaos {

class RegistrationGuard {
  public:
    RegistrationGuard() = default;
    RegistrationGuard(Host& host, DomainId id, const Uuid& uuid) : host_(&host), id_(id), uuid_(uuid) {}
    RegistrationGuard(RegistrationGuard&& other) noexcept
        : host_(std::exchange(other.host_, nullptr)), id_(other.id_), uuid_(other.uuid_) {}
    RegistrationGuard& operator=(RegistrationGuard&& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(id_, other.id_);
        std::swap(uuid_, other.uuid_);
        return *this;
    }
    ~RegistrationGuard(); // domain/xenstore_mode.cpp

    [[nodiscard]] bool is_set() const { return host_ != nullptr; }
    /// The guest is finished: it lives on.
    void release() { host_ = nullptr; }
    void change_uuid(const Uuid& uuid) { uuid_ = uuid; }
    /// For a shell that is handed to another thread: what that thread's Host is.
    void move_to(Host& host) {
        if (host_)
            host_ = &host;
    }

  private:
    Host* host_ = nullptr;
    DomainId id_{};
    Uuid uuid_;
};

} // namespace chaos
