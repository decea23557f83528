// SPDX-License-Identifier: BSD-3-Clause
// Between the ring and the doors: what the guest changes wakes them, what they change the guest is told.
#include "xendevd/store/store.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "xendevd/store/paths.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

Store::Store(Daemon& daemon, const StoreSettings& settings, chaos::xen::GrantMapping page,
             std::unique_ptr<StoreJournal> journal)
    : daemon_(daemon), settings_(settings), name_("guest " + (settings.name.empty() ? "?" : settings.name) +
                                                  " (" + std::to_string(raw(settings.domain)) + ")"),
      page_(std::move(page)), journal_(std::move(journal)),
      session_(settings.domain, page_.data(), *journal_) {}

Result<std::unique_ptr<Store>> Store::open(Daemon& daemon, const StoreSettings& settings,
                                           std::unique_ptr<StoreJournal> journal) {
    const std::array<chaos::GrantReference, 1> references{settings.grant};
    auto page = daemon.grants.map(settings.domain, references, chaos::xen::GrantAccess::read_write);
    const std::string what =
        "the store of guest " + settings.name + " (" + std::to_string(raw(settings.domain)) + ")";
    if (!page)
        return std::move(page).error().while_doing("mapping " + what);
    std::unique_ptr<Store> store(new Store(daemon, settings, std::move(*page), std::move(journal)));
    auto restored = store->session_.restore();
    if (!restored)
        return std::move(restored).error().while_doing("taking up " + what);
    if (!*restored)
        store->change(guest_keys(settings));
    auto local = daemon.loop.bind(settings.domain, settings.port, *store);
    if (!local)
        return std::move(local).error().while_doing("binding the event channel of " + what);
    store->local_ = *local;
    return store;
}

Result<std::unique_ptr<Store>> make_store(Daemon& daemon, const StoreSettings& settings,
                                          std::unique_ptr<StoreJournal> journal) {
    return Store::open(daemon, settings, std::move(journal));
}

Store::~Store() {
    doors_.clear();
    if (raw(local_) != 0)
        daemon_.loop.unbind(local_);
}

void Store::handle_event() {
    serve();
}

void Store::serve() {
    if (raw(local_) == 0)
        return;
    StoreChanges made;
    const auto served = session_.serve(made);
    look_at_journal();
    wake_doors(made);
    if (!served) {
        // Its devices go on as they are; but it has to be served no more.
        daemon_.log.guest(allowance_, "the store of " + name_ + " is dead: " + served.error().story());
        return daemon_.loop.unbind(std::exchange(local_, {}));
    }
    if (served->progress)
        daemon_.loop.notify(local_);
    if (served->more)
        daemon_.loop.run_soon(*this);
}

void Store::change(const StoreChanges& changes) {
    session_.change(changes);
    look_at_journal();
    daemon_.loop.run_soon(*this); // to tell the guest's watches
}

void Store::look_at_journal() {
    if (const auto problem = session_.take_journal_problem())
        daemon_.log.guest(allowance_,
                          "a restart of xendevd would disturb " + name_ + ": " + problem->story());
}

void Store::wake_doors(const StoreChanges& made) {
    for (const auto& change : made) {
        for (const auto& [key, door] : doors_) {
            if (is_at_or_below(change.path, door->frontend()) ||
                is_at_or_below(door->frontend(), change.path))
                door->wake();
        }
    }
}

Result<void> Store::add(Key key, DeviceKeys keys, std::unique_ptr<Backend> backend) {
    const std::string name = std::string(type_of(keys)) + " " + std::to_string(id_of(keys)) + " of " + name_;
    if (doors_.contains(key))
        return Error(ErrorKind::invalid_argument, "there is a " + name + " already");
    StoreKeys& store = *this;
    doors_[key] = std::make_unique<StoreDoor>(daemon_, store, name, settings_.domain, std::move(keys),
                                              std::move(backend));
    return {};
}

Result<void> Store::add_vif(const VifKeys& keys, std::unique_ptr<Backend> backend) {
    return add({StoreDevice::vif, keys.id}, keys, std::move(backend));
}

Result<void> Store::add_vbd(const VbdKeys& keys, std::unique_ptr<Backend> backend) {
    return add({StoreDevice::vbd, keys.id}, keys, std::move(backend));
}

StoreDoor* Store::find(StoreDevice type, std::uint32_t id) const {
    const auto found = doors_.find({type, id});
    return found == doors_.end() ? nullptr : found->second.get();
}

void Store::remove(StoreDevice type, std::uint32_t id, bool force, std::chrono::milliseconds timeout,
                   Removed removed) {
    StoreDoor* door = find(type, id);
    if (!door)
        return removed(Error(ErrorKind::not_found, name_ + " has no such device"));
    door->remove(force, timeout,
                 [this, key = Key{type, id}, removed = std::move(removed)](Result<void> result) {
                     if (result)
                         doors_.erase(key);
                     removed(std::move(result));
                 });
}

Result<void> Store::shutdown(std::string_view reason) {
    constexpr std::array<std::string_view, 4> reasons{"poweroff", "reboot", "halt", "suspend"};
    if (std::ranges::find(reasons, reason) == reasons.end())
        return Error(ErrorKind::invalid_argument, "guests are not asked to " + std::string(reason));
    if (raw(local_) == 0)
        return Error(ErrorKind::guest_failed,
                     "the store of " + name_ + " is dead: it cannot be asked anything");
    change({{StoreChange::Kind::write, store_home(settings_.domain) + "/control/shutdown",
             std::string(reason), 0}});
    return {};
}

void Store::describe(nlohmann::json& out) const {
    const StoreContents& contents = session_.contents();
    out["state"] = raw(local_) != 0 ? "served" : "failed";
    out["requests"] = session_.requests();
    out["keys"] = contents.tree().nodes();
    out["watches"] = contents.watches().size();
}

} // namespace xendevd
