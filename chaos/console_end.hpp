// SPDX-License-Identifier: BSD-3-Clause
// Our end of a guest's console, whoever has the other: the guest itself, or xendevd on its behalf.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"

namespace chaos::cli {

class ConsoleEnd {
  public:
    virtual ~ConsoleEnd() = default;

    /// Becomes readable when there is something to do; then acknowledge() and read().
    [[nodiscard]] virtual int event_fd() const = 0;
    virtual Result<void> acknowledge() = 0;
    /// What the guest has written since the last call; empty if nothing.
    virtual Result<std::string> read() = 0;
    /// Hands bytes to the guest; returns how many were taken.
    virtual Result<std::size_t> write(std::span<const char> bytes) = 0;
    /// False once the guest has shut down or is gone: what read() still gives is the last of it.
    virtual Result<bool> guest_is_alive() = 0;
    /// Waits a moment for what is on its way, so that it is not missed by who reads only once.
    virtual void wait_for_recent_output() {}
};

/// How a console is attached to.
struct ConsoleWish {
    bool write = true; ///< else what is typed goes nowhere, and others may write
};

/// Attaches to the console of a guest: through xendevd if that has it, else to the ring in the guest's memory.
Result<std::unique_ptr<ConsoleEnd>> attach_console(Host& host, const GuestInfo& guest, ConsoleWish wish);

} // namespace chaos::cli
