// SPDX-License-Identifier: BSD-3-Clause
// The console ring of a guest, read and written directly in its memory (xen/io/console.h).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos {

/// An attached console: keeps the ring mapped and the event channel bound. One at a time per guest; a second
/// attach fails.
class Console {
  public:
    static Result<Console> attach(Host& host, const GuestInfo& guest);
    Console(Console&&) noexcept;
    Console& operator=(Console&&) noexcept;
    ~Console();

    /// Becomes readable when the guest moved an index; poll it, then call acknowledge() and read().
    [[nodiscard]] int event_fd() const;
    Result<void> acknowledge();
    /// Takes what the guest wrote since the last read, at most 2048 bytes; empty if nothing is there. Never
    /// trusts the guest's indices.
    Result<std::string> read();
    /// Hands bytes to the guest; returns how many fitted into its ring.
    Result<std::size_t> write(std::span<const char> bytes);
    /// False once the guest has shut down or is gone: what read() still gives is the last of it.
    [[nodiscard]] Result<bool> guest_is_alive();

  private:
    struct State;
    explicit Console(std::unique_ptr<State> state);
    Result<void> notify();
    std::unique_ptr<State> state_;
};

} // namespace chaos
