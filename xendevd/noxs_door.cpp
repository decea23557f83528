// SPDX-License-Identifier: BSD-3-Clause
// The back-end's half of a control page. What the guest writes is read once, checked, and only the copy is used.
#include "xendevd/noxs_door.hpp"

#include <array>
#include <atomic>
#include <cstddef>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

// A vif's page and a vbd's page differ in their configuration only.
static_assert(offsetof(noxs_vif_page, backend) == offsetof(noxs_vbd_page, backend));
static_assert(offsetof(noxs_vif_page, frontend) == offsetof(noxs_vbd_page, frontend));
constexpr std::size_t backend_half = offsetof(noxs_vif_page, backend);
constexpr std::size_t frontend_half = offsetof(noxs_vif_page, frontend);

constexpr std::chrono::milliseconds look_again{1};

std::uint32_t read_once(const chaos::xen::GrantMapping& page, std::size_t offset) {
    auto* field = reinterpret_cast<std::uint32_t*>(page.data() + offset);
    return std::atomic_ref(*field).load(std::memory_order_acquire);
}

void write_once(const chaos::xen::GrantMapping& page, std::size_t offset, std::uint32_t value) {
    auto* field = reinterpret_cast<std::uint32_t*>(page.data() + offset);
    std::atomic_ref(*field).store(value, std::memory_order_release);
}

} // namespace

std::string_view to_text(DeviceState state) {
    switch (state) {
    case DeviceState::waiting:
        return "waiting";
    case DeviceState::connected:
        return "connected";
    case DeviceState::closing:
        return "closing";
    case DeviceState::closed:
        return "closed";
    case DeviceState::failed:
        return "failed";
    }
    return "unknown";
}

NoxsDoor::NoxsDoor(Daemon& daemon, std::string name, chaos::DomainId domain, chaos::EventChannelPort remote,
                   chaos::xen::GrantMapping page, std::unique_ptr<Backend> backend, bool held)
    : daemon_(daemon), name_(std::move(name)), domain_(domain), page_(std::move(page)),
      backend_(std::move(backend)), guest_end_{remote, {}}, is_held_(held) {}

Result<std::unique_ptr<NoxsDoor>> NoxsDoor::open(Daemon& daemon, std::string name, chaos::DomainId domain,
                                                 chaos::EventChannelPort remote,
                                                 chaos::GrantReference control_page,
                                                 std::unique_ptr<Backend> backend, bool held) {
    const std::array<chaos::GrantReference, 1> references{control_page};
    auto page = daemon.grants.map(domain, references, chaos::xen::GrantAccess::read_write);
    if (!page)
        return std::move(page).error().while_doing("mapping the control page of " + name);
    std::unique_ptr<NoxsDoor> door(
        new NoxsDoor(daemon, std::move(name), domain, remote, std::move(*page), std::move(backend), held));
    auto local = daemon.loop.bind(domain, remote, *door);
    if (!local)
        return std::move(local).error().while_doing("binding the event channel of " + door->name_);
    door->local_ = *local;
    return door;
}

NoxsDoor::~NoxsDoor() {
    backend_->disconnect();
    if (raw(local_) != 0)
        daemon_.loop.unbind(local_);
}

void NoxsDoor::release(std::string name) {
    name_ = std::move(name);
    is_held_ = false;
    handle_event();
}

void NoxsDoor::handle_event() {
    if (is_held_)
        return;
    if (read_once(page_, frontend_half + offsetof(noxs_frontend_half, sequence)) != sequence_)
        look_at_guest_half();
    else if (state_ == DeviceState::connected || state_ == DeviceState::closing)
        backend_->handle_event();
}

void NoxsDoor::look_at_guest_half() {
    sequence_ = read_once(page_, frontend_half + offsetof(noxs_frontend_half, sequence));
    if (state_ == DeviceState::failed)
        return;
    switch (read_once(page_, frontend_half + offsetof(noxs_frontend_half, state))) {
    case NOXS_FRONTEND_OFFERED:
        if (removed_)
            return; // it has yet to see that the device is to go
        disconnect();
        return connect();
    case NOXS_FRONTEND_CLOSED:
        guest_closed_ = true;
        if (state_ == DeviceState::connected || state_ == DeviceState::closing) {
            backend_->stop_taking_requests();
            return close_when_idle();
        }
        return finish_closing();
    case NOXS_FRONTEND_IDLE:
        return;
    default:
        return backend_failed(Error(ErrorKind::guest_failed, "its state is none of docs/noxs.md"));
    }
}

void NoxsDoor::connect() {
    guest_closed_ = false;
    Offer offer;
    offer.domain = domain_;
    offer.features = read_once(page_, frontend_half + offsetof(noxs_frontend_half, features));
    const std::uint32_t count = read_once(page_, frontend_half + offsetof(noxs_frontend_half, ring_pages));
    if (count == 0 || count > NOXS_MAXIMUM_RING_PAGES)
        return backend_failed(
            Error(ErrorKind::guest_failed, "it offers " + std::to_string(count) + " ring pages"));
    for (std::uint32_t index = 0; index < count; ++index) {
        const std::size_t offset =
            offsetof(noxs_frontend_half, ring_references) + index * sizeof(std::uint32_t);
        offer.rings.push_back(chaos::GrantReference{read_once(page_, frontend_half + offset)});
    }
    auto features = backend_->connect(offer, local_, *this);
    if (!features)
        return backend_failed(std::move(features).error());
    guest_end_.rings = std::move(offer.rings);
    write_once(page_, backend_half + offsetof(noxs_backend_half, features), *features);
    answer(NOXS_BACKEND_CONNECTED, DeviceState::connected);
    daemon_.log.debug(name_ + " is connected");
    backend_->handle_event(); // the rings may have been filled before
}

void NoxsDoor::disconnect() {
    backend_->disconnect();
    guest_end_.rings.clear();
}

/// The answer, as a state that belongs to the guest's latest sequence.
void NoxsDoor::answer(std::uint32_t noxs_state, DeviceState state) {
    state_ = state;
    write_once(page_, backend_half + offsetof(noxs_backend_half, state), noxs_state);
    write_once(page_, backend_half + offsetof(noxs_backend_half, answer_sequence), sequence_);
    daemon_.loop.notify(local_);
}

void NoxsDoor::backend_failed(Error reason) {
    disconnect();
    answer(NOXS_BACKEND_FAILED, DeviceState::failed);
    daemon_.log.guest(allowance_, name_ + " is dead: " + reason.story());
    if (removed_)
        tell_removed({}); // nothing of it is left to wait for
}

void NoxsDoor::remove(bool force, std::chrono::milliseconds timeout, Removed removed) {
    removed_ = std::move(removed);
    const bool in_use = state_ == DeviceState::connected || state_ == DeviceState::closing;
    if (force || !in_use) {
        guest_closed_ = true;
        return finish_closing();
    }
    // Not an answer: the guest's sequence keeps its meaning.
    state_ = DeviceState::closing;
    write_once(page_, backend_half + offsetof(noxs_backend_half, state), NOXS_BACKEND_CLOSING);
    daemon_.loop.notify(local_);
    give_up_ = daemon_.loop.now() + timeout;
    daemon_.loop.run_at(give_up_, *this);
}

void NoxsDoor::close_when_idle() {
    if (backend_->is_idle())
        return finish_closing();
    daemon_.loop.run_at(daemon_.loop.now() + look_again, *this);
}

void NoxsDoor::run_timer() {
    if (guest_closed_)
        return close_when_idle();
    if (removed_)
        tell_removed(
            Error(ErrorKind::timed_out, name_ + " was asked to go, but its guest does not let go of it")
                .advise("Detach it with --force, which does not ask the guest."));
}

void NoxsDoor::finish_closing() {
    daemon_.loop.cancel(*this);
    disconnect();
    if (state_ != DeviceState::failed)
        answer(NOXS_BACKEND_CLOSED, DeviceState::closed);
    if (removed_)
        tell_removed({});
}

void NoxsDoor::tell_removed(Result<void> result) {
    // The callee may destroy this door.
    const Removed removed = std::exchange(removed_, nullptr);
    removed(std::move(result));
}

} // namespace xendevd
