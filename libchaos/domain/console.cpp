// SPDX-License-Identifier: BSD-3-Clause
// Attaching to a console ring: one mapping, one event channel.
#include "libchaos/domain/console.hpp"

#include <array>

#include "libchaos/xen/console_ring.hpp"

namespace chaos {

struct Console::State {
    Host* host;
    DomainId domain;
    std::array<std::uint8_t, 16> handle;
    xen::Mapping ring;
    EventChannelPort port;
};

Console::Console(std::unique_ptr<State> state) : state_(std::move(state)) {}
Console::Console(Console&&) noexcept = default;
Console& Console::operator=(Console&&) noexcept = default;

Console::~Console() {
    if (!state_)
        return;
    if (auto events = state_->host->events())
        (void)(*events)->unbind(state_->port); // closing is all that is left to do with it
}

Result<Console> Console::attach(Host& host, const GuestInfo& guest) {
    const std::string doing = "attaching to the console of guest " + guest.name();
    if (!guest.record || !guest.record->console)
        return Error(ErrorKind::guest_failed, "it has none").while_doing(doing);
    const DeviceLocation& console = *guest.record->console;
    const DomainId id = guest.domain.id;
    const std::array<std::uint64_t, 1> gfns{console.frame.number};
    xen::Mapping ring = TRY(host.memory().map(id, gfns).while_doing(doing));
    auto* events = TRY(host.events());
    auto port = events->bind(id, console.port);
    if (!port)
        return std::move(port).error().while_doing(doing).advise(
            "Is another `chaos console` attached to it?");
    return Console(std::unique_ptr<State>(new State{&host, id, guest.domain.handle, std::move(ring), *port}));
}

int Console::event_fd() const {
    return (*state_->host->events())->fd(); // opened by attach()
}

Result<void> Console::acknowledge() {
    auto* events = TRY(state_->host->events());
    const EventChannelPort port = TRY(events->take_pending());
    return events->unmask(port);
}

Result<void> Console::notify() {
    auto* events = TRY(state_->host->events());
    return events->notify(state_->port);
}

Result<std::string> Console::read() {
    std::string text = xen::read_console_ring(state_->ring.data());
    if (!text.empty())
        TRY(notify());
    return text;
}

Result<std::size_t> Console::write(std::span<const char> bytes) {
    const std::size_t count = xen::write_console_ring(state_->ring.data(), bytes);
    if (count > 0)
        TRY(notify());
    return count;
}

Result<bool> Console::guest_is_alive() {
    const auto info = TRY(state_->host->control().domain_info(state_->domain));
    return info && info->handle == state_->handle && !info->dying && !info->shutdown;
}

} // namespace chaos
