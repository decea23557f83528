// SPDX-License-Identifier: BSD-3-Clause
// The terminal on standard input, handed through to a guest for a while.
#pragma once

#include <termios.h>

#include "libchaos/result.hpp"

namespace chaos::cli {

/// While it lives every key reaches the reader as it is typed: no echo, no line editing, no signals.
class RawTerminal {
  public:
    /// Does nothing, now and at the end, if standard input is no terminal.
    static Result<RawTerminal> enter();
    RawTerminal(RawTerminal&& other) noexcept;
    RawTerminal& operator=(RawTerminal&&) = delete;
    ~RawTerminal();

    [[nodiscard]] bool is_terminal() const { return is_terminal_; }

  private:
    RawTerminal() = default;

    bool is_terminal_ = false;
    termios before_{};
};

} // namespace chaos::cli
