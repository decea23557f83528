// SPDX-License-Identifier: BSD-3-Clause
// The kinds of console end: the ring itself, a socket of xendevd's, and a terminal of xenconsoled's.
#include "chaos/console_end.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "libchaos/devices/client.hpp"
#include "libchaos/domain/console.hpp"
#include "libchaos/domain/registered_devices.hpp"
#include "libchaos/xenstore/guest_keys.hpp"

namespace chaos::cli {

namespace {

/// The guest's ring, mapped here.
class RingConsole final : public ConsoleEnd {
  public:
    RingConsole(Console console, bool writes) : console_(std::move(console)), writes_(writes) {}

    [[nodiscard]] int event_fd() const override { return console_.event_fd(); }
    Result<void> acknowledge() override { return console_.acknowledge(); }
    Result<std::string> read() override { return console_.read(); }
    Result<std::size_t> write(std::span<const char> bytes) override {
        return writes_ ? console_.write(bytes) : Result<std::size_t>(bytes.size());
    }
    Result<bool> guest_is_alive() override { return console_.guest_is_alive(); }

  private:
    Console console_;
    bool writes_;
};

/// A connection to xendevd, which has the ring. If xendevd is restarted, it is found again.
class ServedConsole final : public ConsoleEnd {
  public:
    ServedConsole(Host& host, GuestInfo guest, bool writes, UniqueFd socket)
        : host_(&host), guest_(std::move(guest)), writes_(writes), socket_(std::move(socket)) {}

    [[nodiscard]] int event_fd() const override { return socket_.get(); }
    Result<void> acknowledge() override { return {}; }

    Result<std::string> read() override {
        std::array<char, devices::largest_packet> buffer;
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0)
            return std::string(buffer.data(), static_cast<std::size_t>(got));
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return std::string();
        if (TRY(domain_is_alive())) // then xendevd has gone, and not the guest
            return reconnect();
        alive_ = false;
        return std::string();
    }

    Result<std::size_t> write(std::span<const char> bytes) override {
        if (!writes_)
            return bytes.size();
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0; // what is wrong shows when reading
    }

    Result<bool> guest_is_alive() override {
        if (!alive_ || TRY(domain_is_alive()))
            return alive_;
        wait_for_recent_output(); // its last words may still be with xendevd
        return false;
    }

    void wait_for_recent_output() override {
        pollfd polled{socket_.get(), POLLIN, 0};
        ::poll(&polled, 1, 200);
    }

  private:
    Result<bool> domain_is_alive() {
        const auto domain = TRY(host_->control().domain_info(guest_.domain.id));
        return domain && domain->handle == guest_.domain.handle && !domain->shutdown && !domain->dying;
    }

    Result<UniqueFd> connect() {
        auto xendevd = TRY(devices::Client::connect(host_->options().xendevd_socket));
        return std::move(xendevd).console(guest_.domain.id, writes_);
    }

    /// Whatever restarts xendevd needs a moment.
    Result<std::string> reconnect() {
        for (int attempt = 0; attempt < 100; ++attempt) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            if (auto socket = connect()) {
                socket_ = std::move(*socket);
                return std::string();
            }
            if (!TRY(domain_is_alive())) {
                alive_ = false;
                return std::string();
            }
        }
        return Error(ErrorKind::system, "xendevd has ended")
            .advise(
                "Start it again, for example with 'systemctl start xendevd'; the guest goes on meanwhile.");
    }

    Host* host_;
    GuestInfo guest_;
    bool writes_;
    bool alive_ = true;
    UniqueFd socket_;
};

/// The terminal that xenconsoled gives to a guest that is registered with xenstored.
class TerminalConsole final : public ConsoleEnd {
  public:
    TerminalConsole(Host& host, GuestInfo guest, bool writes, UniqueFd terminal)
        : host_(&host), guest_(std::move(guest)), writes_(writes), terminal_(std::move(terminal)) {}

    static Result<std::unique_ptr<ConsoleEnd>> open(Host& host, const GuestInfo& guest, bool writes) {
        std::string path;
        constexpr std::chrono::seconds patience{5};
        auto named = host.xenstored().wait_for(xenstore::domain_path(guest.domain.id) + "/console/tty",
                                               patience, -1, [&](const auto& value) -> Result<bool> {
                                                   path = value.value_or("");
                                                   return !path.empty();
                                               });
        if (!named && named.error().kind() == ErrorKind::timed_out)
            return Error(ErrorKind::timed_out, "xenconsoled has given it no terminal")
                .advise("Start xenconsoled, for example with `systemctl start xenconsoled`.");
        TRY(std::move(named));
        UniqueFd terminal(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        if (!terminal.is_open())
            return Error::from_errno("opening " + path, errno);
        termios settings{};
        if (::tcgetattr(terminal.get(), &settings) == 0) {
            ::cfmakeraw(&settings);
            (void)::tcsetattr(terminal.get(), TCSANOW, &settings); // as whoever made it did
        }
        return std::unique_ptr<ConsoleEnd>(new TerminalConsole(host, guest, writes, std::move(terminal)));
    }

    [[nodiscard]] int event_fd() const override { return terminal_.get(); }
    Result<void> acknowledge() override { return {}; }

    Result<std::string> read() override {
        std::array<char, 4096> buffer;
        const ssize_t got = ::read(terminal_.get(), buffer.data(), buffer.size());
        if (got > 0)
            return std::string(buffer.data(), static_cast<std::size_t>(got));
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            hung_up_ = true;
        return std::string();
    }
    Result<std::size_t> write(std::span<const char> bytes) override {
        if (!writes_)
            return bytes.size();
        const ssize_t written = ::write(terminal_.get(), bytes.data(), bytes.size());
        return written > 0 ? static_cast<std::size_t>(written) : 0; // what is wrong shows when reading
    }
    Result<bool> guest_is_alive() override {
        if (hung_up_)
            return false;
        const auto domain = TRY(host_->control().domain_info(guest_.domain.id));
        if (domain && domain->handle == guest_.domain.handle && !domain->shutdown && !domain->dying)
            return true;
        wait_for_recent_output(); // its last words may still be with xenconsoled
        return false;
    }
    void wait_for_recent_output() override {
        pollfd polled{terminal_.get(), POLLIN, 0};
        ::poll(&polled, 1, 200);
    }

  private:
    Host* host_;
    GuestInfo guest_;
    bool writes_;
    bool hung_up_ = false;
    UniqueFd terminal_;
};

} // namespace

Result<std::unique_ptr<ConsoleEnd>> attach_console(Host& host, const GuestInfo& guest, ConsoleWish wish) {
    if (guest.record && is_registered(*guest.record))
        return TerminalConsole::open(host, guest, wish.write)
            .while_doing("attaching to the console of guest " + guest.name());
    if (auto xendevd = TRY(devices::Client::connect_if_running(host.options().xendevd_socket))) {
        auto socket = std::move(*xendevd).console(guest.domain.id, wish.write);
        if (socket)
            return std::unique_ptr<ConsoleEnd>(
                new ServedConsole(host, guest, wish.write, std::move(*socket)));
        if (socket.error().kind() == ErrorKind::name_taken)
            return std::move(socket).error().advise("'chaos console -r' looks on.");
        if (socket.error().kind() !=
            ErrorKind::not_found) // else it is a guest whose console xendevd does not have
            return std::move(socket).error();
    }
    Console ring = TRY(Console::attach(host, guest));
    return std::unique_ptr<ConsoleEnd>(new RingConsole(std::move(ring), wish.write));
}

} // namespace chaos::cli
