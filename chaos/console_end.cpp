// SPDX-License-Identifier: BSD-3-Clause
// The two kinds of console end: the ring itself, and a socket of xendevd's.
#include "chaos/console_end.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <thread>

#include "libchaos/devices/client.hpp"
#include "libchaos/domain/console.hpp"

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

} // namespace

Result<std::unique_ptr<ConsoleEnd>> attach_console(Host& host, const GuestInfo& guest, ConsoleWish wish) {
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
