// SPDX-License-Identifier: BSD-3-Clause
// Raw input, cooked output: guests that end lines with a bare line feed still look right.
#include "chaos/terminal.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace chaos::cli {

Result<RawTerminal> RawTerminal::enter() {
    RawTerminal terminal;
    if (::isatty(STDIN_FILENO) == 0)
        return terminal;
    if (::tcgetattr(STDIN_FILENO, &terminal.before_) != 0)
        return Error::from_errno("tcgetattr", errno);
    termios raw = terminal.before_;
    raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0)
        return Error::from_errno("tcsetattr", errno);
    terminal.is_terminal_ = true;
    return terminal;
}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept
    : is_terminal_(std::exchange(other.is_terminal_, false)), before_(other.before_) {}

RawTerminal::~RawTerminal() {
    if (is_terminal_)
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

} // namespace chaos::cli
