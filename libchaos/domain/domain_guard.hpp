// SPDX-License-Identifier: BSD-3-Clause
// The duty to destroy a domain that is not finished: a failed creation leaves nothing because this goes out
// of scope.
#pragma once

#include <utility>

#include "libchaos/xen/control.hpp"

namespace chaos {

class DomainGuard {
  public:
    DomainGuard(xen::Control& control, DomainId id) : control_(&control), id_(id) {}
    DomainGuard(DomainGuard&& other) noexcept
        : control_(std::exchange(other.control_, nullptr)), id_(other.id_) {}
    DomainGuard& operator=(DomainGuard&& other) noexcept {
        std::swap(control_, other.control_);
        std::swap(id_, other.id_);
        return *this;
    }
    ~DomainGuard() {
        // Xen finishes a destruction once begun; the only failure left is a domain that is gone already.
        if (control_)
            (void)control_->destroy(id_);
    }

    [[nodiscard]] DomainId id() const { return id_; }
    /// It is another thread's duty now, who has `control`.
    void move_to(xen::Control& control) {
        if (control_)
            control_ = &control;
    }
    /// The domain is finished: it lives on.
    void release() { control_ = nullptr; }

  private:
    xen::Control* control_;
    DomainId id_;
};

} // namespace chaos
