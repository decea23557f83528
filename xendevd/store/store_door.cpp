// SPDX-License-Identifier: BSD-3-Clause
// The back-end's half of a xenbus conversation. The guest's half is read from its directory whenever that changes; what
// it holds is text of the guest's choice.
#include "xendevd/store/store_door.hpp"

#include <utility>

#include "xendevd/store/paths.hpp"

extern "C" {
#include <xen/io/xenbus.h>
}

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

using Kind = StoreChange::Kind;

constexpr std::chrono::milliseconds look_again{1};

} // namespace

StoreDoor::StoreDoor(Daemon& daemon, StoreKeys& store, std::string name, chaos::DomainId domain,
                     DeviceKeys keys, std::unique_ptr<Backend> backend)
    : daemon_(daemon), store_(store), name_(std::move(name)), domain_(domain), keys_(std::move(keys)),
      backend_(std::move(backend)) {
    const std::string type(type_of(keys_)), id = std::to_string(id_of(keys_));
    frontend_ = store_home(domain) + "/device/" + type + "/" + id;
    backend_path_ =
        store_home(chaos::this_domain) + "/backend/" + type + "/" + std::to_string(raw(domain)) + "/" + id;
    const auto former = number_in(store_.tree().find(backend_path_), "state");
    xenbus_state_ = former.value_or(XenbusStateInitWait);
    if (!former)
        make_directories();
    wake();
}

StoreDoor::~StoreDoor() {
    disconnect();
}

void StoreDoor::make_directories() {
    StoreChanges changes;
    const auto add = [&](const std::string& directory, const KeyValues& keys) {
        for (const auto& [key, value] : keys)
            changes.push_back({Kind::write, directory + "/" + std::string(key), value, 0});
    };
    // The back-end's first: the guest looks there when it sees the other.
    add(backend_path_,
        {{"frontend", frontend_}, {"frontend-id", std::to_string(raw(domain_))}, {"online", "1"}});
    add(backend_path_, backend_keys(keys_, backend_->features()));
    add(backend_path_, {{"state", std::to_string(XenbusStateInitWait)}});
    add(frontend_, {{"backend", backend_path_}, {"backend-id", "0"}});
    add(frontend_, frontend_keys(keys_));
    add(frontend_, {{"state", std::to_string(XenbusStateInitialising)}});
    store_.change(changes);
}

void StoreDoor::set_state(std::uint32_t xenbus_state) {
    if (xenbus_state_ == xenbus_state)
        return;
    xenbus_state_ = xenbus_state;
    store_.change({{Kind::write, backend_path_ + "/state", std::to_string(xenbus_state), 0}});
}

void StoreDoor::look() {
    if (letting_go_)
        return; // there is another look when that is done
    // A directory that is gone, or whose state is no number, is as good as closed.
    const auto theirs = number_in(store_.tree().find(frontend_), "state").value_or(XenbusStateUnknown);
    const bool connected = raw(local_) != 0;
    switch (theirs) {
    case XenbusStateInitialising:
        if (state_ == DeviceState::failed || removed_)
            return;
        if (connected) // it began anew without a word, as after a crash
            return let_go();
        state_ = DeviceState::waiting;
        return set_state(XenbusStateInitWait);
    case XenbusStateInitialised:
    case XenbusStateConnected:
        // Connected, but not by us: the xendevd before was. That the guest is still to close is no reason to let what is
        // on its rings lie.
        if (!connected && state_ == DeviceState::waiting && xenbus_state_ != XenbusStateClosed)
            connect();
        return;
    case XenbusStateClosing:
        if (state_ == DeviceState::failed)
            return;
        if (!connected)
            return finish_closing();
        state_ = DeviceState::closing;
        return set_state(XenbusStateClosing);
    case XenbusStateClosed:
    case XenbusStateUnknown:
        if (!connected && xenbus_state_ == XenbusStateClosed && !removed_)
            return;
        return let_go();
    default:
        return;
    }
}

void StoreDoor::connect() {
    if (auto connected = try_to_connect(); !connected)
        return backend_failed(std::move(connected).error());
    // A removal that had been asked for before a restart is still to come.
    state_ = xenbus_state_ == XenbusStateClosing ? DeviceState::closing : DeviceState::connected;
    if (state_ == DeviceState::connected)
        set_state(XenbusStateConnected);
    daemon_.log.debug(name_ + " is connected");
    // The event that came with bind() was before the rings were taken up, which may have answered for a killed back-end.
    daemon_.loop.notify(local_);
    backend_->handle_event(); // the rings may have been filled before
}

Result<void> StoreDoor::try_to_connect() {
    const std::uint32_t features = backend_->features();
    FrontendOffer read = TRY(read_offer(keys_, *store_.tree().find(frontend_), features));
    read.offer.domain = domain_;
    auto local = daemon_.loop.bind(domain_, read.port, *this);
    if (!local)
        return std::move(local).error().while_doing("binding its event channel");
    local_ = *local;
    TRY(backend_->connect(read.offer, local_, *this));
    guest_end_ = {read.port, std::move(read.offer.rings)};
    return {};
}

void StoreDoor::disconnect() {
    backend_->disconnect();
    guest_end_ = {};
    if (raw(local_) != 0)
        daemon_.loop.unbind(std::exchange(local_, {}));
}

void StoreDoor::handle_event() {
    if (state_ == DeviceState::connected || state_ == DeviceState::closing)
        backend_->handle_event();
}

void StoreDoor::backend_failed(Error reason) {
    disconnect();
    state_ = DeviceState::failed;
    daemon_.log.guest(allowance_, name_ + " is dead: " + reason.story());
    set_state(XenbusStateClosing);
    if (!removed_)
        return;
    // Nothing of it is left to wait for; but the back-end that calls must not go with the door.
    letting_go_ = true;
    daemon_.loop.run_at(daemon_.loop.now(), *this);
}

void StoreDoor::remove(bool force, std::chrono::milliseconds timeout, Removed removed) {
    removed_ = std::move(removed);
    const bool in_use = state_ == DeviceState::connected || state_ == DeviceState::closing;
    if (force || !in_use)
        return finish_closing();
    state_ = DeviceState::closing;
    store_.change({{Kind::write, backend_path_ + "/online", "0", 0}});
    set_state(XenbusStateClosing);
    daemon_.loop.run_at(daemon_.loop.now() + timeout, *this);
}

/// The guest is done with the rings, or is to be treated so.
void StoreDoor::let_go() {
    letting_go_ = true;
    if (raw(local_) != 0)
        backend_->stop_taking_requests();
    close_when_idle();
}

void StoreDoor::close_when_idle() {
    if (raw(local_) == 0 || backend_->is_idle())
        return finish_closing();
    daemon_.loop.run_at(daemon_.loop.now() + look_again, *this);
}

void StoreDoor::run_timer() {
    if (letting_go_)
        return close_when_idle();
    if (removed_)
        tell_removed(
            Error(ErrorKind::timed_out, name_ + " was asked to go, but its guest does not let go of it")
                .advise("Detach it with --force, which does not ask the guest."));
}

void StoreDoor::finish_closing() {
    daemon_.loop.cancel(*this);
    disconnect();
    letting_go_ = false;
    if (removed_) {
        // The guest first sees that its own directory is gone.
        store_.change({{Kind::remove, frontend_, "", 0}, {Kind::remove, backend_path_, "", 0}});
        return tell_removed({});
    }
    if (state_ != DeviceState::failed)
        state_ = DeviceState::closed;
    set_state(XenbusStateClosed);
    wake(); // it may have begun anew meanwhile
}

void StoreDoor::tell_removed(Result<void> result) {
    // The callee may destroy this door.
    const Removed removed = std::exchange(removed_, nullptr);
    removed(std::move(result));
}

} // namespace xendevd
