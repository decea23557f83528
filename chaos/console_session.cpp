// SPDX-License-Identifier: BSD-3-Clause
// One poll loop: the guest's console, standard input, the stop descriptor.
#include "chaos/console_session.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "chaos/output.hpp"

namespace chaos::cli {

namespace {

constexpr char leave_key = 0x1d; // Ctrl-]
/// No event tells that a guest has stopped, so it is asked for this often.
constexpr int look_every_ms = 100;
/// Input is read only while less than this waits for the guest to take it.
constexpr std::size_t most_waiting = 4096;

/// Standard input on its way to the guest.
class Input {
  public:
    explicit Input(bool is_terminal) : is_terminal_(is_terminal) {}

    [[nodiscard]] bool wanted() const { return open_ && waiting_.size() < most_waiting; }
    [[nodiscard]] bool left() const { return left_; }

    void take() {
        std::array<char, 1024> buffer;
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN))
            return;
        std::string_view bytes(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
        open_ = !bytes.empty();
        if (const auto key = bytes.find(leave_key); is_terminal_ && key != std::string_view::npos) {
            left_ = true;
            bytes = bytes.substr(0, key);
        }
        waiting_ += bytes;
    }

    Result<void> hand_over(ConsoleEnd& console) {
        while (!waiting_.empty()) {
            const std::size_t taken = TRY(console.write(waiting_));
            if (taken == 0)
                break;
            waiting_.erase(0, taken);
        }
        return {};
    }

  private:
    bool is_terminal_;
    bool open_ = true;
    bool left_ = false;
    std::string waiting_;
};

} // namespace

Result<void> print_written(ConsoleEnd& console) {
    while (true) {
        const std::string text = TRY(console.read());
        if (text.empty())
            return {};
        TRY(print(text));
    }
}

Result<SessionEnd> converse(ConsoleEnd& console, bool from_terminal, int stop_fd) {
    Input input(from_terminal);
    while (true) {
        // Asked before its last words are read, so that none can come in between.
        const bool alive = TRY(console.guest_is_alive());
        TRY(print_written(console));
        if (!alive)
            return SessionEnd::guest_stopped;
        TRY(input.hand_over(console));
        if (input.left())
            return SessionEnd::left;

        std::array<pollfd, 3> polled{{{stop_fd, POLLIN, 0},
                                      {console.event_fd(), POLLIN, 0},
                                      {input.wanted() ? STDIN_FILENO : -1, POLLIN, 0}}};
        if (::poll(polled.data(), polled.size(), look_every_ms) < 0 && errno != EINTR)
            return Error::from_errno("poll", errno);
        if (polled[0].revents != 0)
            return Error(ErrorKind::interrupted, "interrupted");
        if (polled[1].revents != 0)
            TRY(console.acknowledge());
        if (polled[2].revents != 0)
            input.take();
    }
}

} // namespace chaos::cli
