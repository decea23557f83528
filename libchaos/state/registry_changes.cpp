// SPDX-License-Identifier: BSD-3-Clause
// The registry changed: ids and names taken, given back, exchanged.
//
// Who may do what, so that any number of processes, each killed at any instant, agree:
//  - A record's file is replaced or removed only under an exclusive lock on it. An intent is locked
//  exclusively
//    from before it can be seen until its maker is done or dead.
//  - A link is made exclusively, by the holder of the lock on the record it points to.
//  - A link is removed under that same lock; or, if it is stale, under the lock on the directory of names
//  together
//    with a shared lock on the record it points to, if there is one. So the link that was judged is the link
//    that goes.
//  - With the lock on the names held nobody waits for a record's lock, so nobody waits in a circle.
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "libchaos/state/registry.hpp"
#include "libchaos/state/state_files.hpp"

namespace chaos {

using namespace state_files;

namespace {

enum class Holder : std::uint8_t {
    nobody,  ///< the link was stale and is gone
    another, ///< a guest that exists or is being made
    us,      ///< a link left by an earlier holder of our id: ours now, because we hold the id
};

/// Decides whom the link `name` belongs to and removes it if it is stale. `us`, if given, is an id whose lock
/// the caller holds.
Result<Holder> judge_link(int guests, int names, const char* name, std::optional<DomainId> us) {
    const UniqueFd lock(::openat(names, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock.is_open() || ::flock(lock.get(), LOCK_EX) != 0)
        return Error::from_errno("locking the names", errno);

    const auto target = TRY(read_link(names, name));
    if (!target)
        return Holder::nobody;
    const auto holder_id = parse_id(*target);
    if (holder_id && holder_id == us)
        return Holder::us;
    if (holder_id) {
        const OpenRecord holder = TRY(open_record(guests, *holder_id, Lock::shared_if_free));
        if (holder.exists && !holder.file.is_open())
            return Holder::another; // being made, renamed or removed by a living process
        if (holder.exists) {
            const auto contents = read_contents(holder.file.get(), *holder_id);
            if (!contents && contents.error().system_errno() != 0)
                return contents.error();
            if (!contents)
                return Holder::another; // damaged: nothing says that its guest is gone
            const auto* record = std::get_if<GuestRecord>(&*contents);
            if (record && record->config.name == name)
                return Holder::another;
        }
        TRY(unlink(names, name)); // with the holder's lock still held
        return Holder::nobody;
    }
    TRY(unlink(names, name)); // it points to nothing that chaos ever wrote
    return Holder::nobody;
}

/// Makes `name` stand for `id`, whose lock the caller holds.
Result<void> claim_name(int guests, int names, const std::string& name, DomainId id) {
    const std::string target = std::to_string(raw(id));
    for (;;) {
        if (::symlinkat(target.c_str(), names, name.c_str()) == 0)
            return {};
        if (errno != EEXIST)
            return Error::from_errno("symlink", errno);
        switch (TRY(judge_link(guests, names, name.c_str(), id))) {
        case Holder::nobody:
            break;
        case Holder::another:
            return Error(ErrorKind::name_taken, "there is a guest of that name");
        case Holder::us:
            return {};
        }
    }
}

/// Removes the link of `name`, if any, if it points to `id`, whose lock the caller holds.
Result<void> release_name(int names, const std::string& name, DomainId id) {
    if (name.empty())
        return {}; // that of a shell
    const auto target = TRY(read_link(names, name.c_str()));
    if (target && parse_id(*target) == id)
        TRY(unlink(names, name.c_str()));
    return {};
}

} // namespace

void Registry::drop_stale(const std::vector<std::string>& names) {
    for (const std::string& name : names)
        (void)judge_link(guests_.get(), names_.get(), name.c_str(),
                         std::nullopt); // one that stays does no harm
}

Result<Reservation> Registry::make_reservation(std::string_view name, const Uuid& uuid) {
    UniqueFd intent = TRY(make_intent(guests_.get(), Intent{std::string(name), uuid}));
    const DomainId id = TRY(link_at_next_id(guests_.get(), intent.get()));
    return Reservation(*this, id, std::move(intent), std::string());
}

Result<Reservation> Registry::reserve(std::string_view name, const Uuid& uuid) {
    TRY(check_guest_name(name)); // whose message shows a bad name in a form that suits a terminal
    const auto attempt = [&]() -> Result<Reservation> {
        Reservation reservation = TRY(make_reservation(name, uuid));
        TRY(claim_name(guests_.get(), names_.get(), std::string(name), reservation.id()));
        reservation.name_ = name; // from here on the reservation gives the name back, too
        return reservation;
    };
    return attempt().while_doing("reserving the name " + std::string(name));
}

Result<Reservation> Registry::reserve_shell(const Uuid& uuid) {
    return make_reservation({}, uuid).while_doing("reserving a domain id");
}

// The intent stays as it is: a link to it counts as long as it is locked, and is stale once its maker is dead.
Result<void> Reservation::claim(std::string_view name) {
    TRY(check_guest_name(name));
    if (!intent_.is_open() || !name_.empty())
        return Error(ErrorKind::invalid_argument, "domain " + std::to_string(raw(id_)) +
                                                      " is not a shell that could be named " +
                                                      std::string(name));
    const auto attempt = [&]() -> Result<void> {
        std::string claimed(name);
        TRY(claim_name(registry_->guests_.get(), registry_->names_.get(), claimed, id_));
        name_ = std::move(claimed);
        return {};
    };
    return attempt().while_doing("reserving the name " + std::string(name));
}

// The record's file goes last: killed halfway, what remains is still found under its id and removed the next
// time.
Result<void> Registry::remove(DomainId id, const Uuid& uuid) {
    const auto attempt = [&]() -> Result<void> {
        const OpenRecord opened = TRY(open_record(guests_.get(), id, Lock::exclusive));
        if (!opened.exists)
            return {};
        const Contents contents =
            TRY(read_contents(opened.file.get(), id).while_doing("reading " + record_path(id)));
        const auto* record = std::get_if<GuestRecord>(&contents);
        const auto* intent = std::get_if<Intent>(&contents);
        if ((record ? record->uuid : intent->uuid) != uuid)
            return {};
        TRY(release_name(names_.get(), record ? record->config.name : intent->name, id));
        TRY(unlink(guests_.get(), replacement_name(id).c_str()));
        return unlink(guests_.get(), FileName(id).c_str());
    };
    return attempt().while_doing("removing the record of domain " + std::to_string(raw(id)));
}

// The new name is taken before the record says so, and the old one given back after: at every instant at
// least one of them leads to the record, and a link that the record does not confirm is stale.
Result<void> Registry::rename(DomainId id, std::string_view new_name) {
    TRY(check_guest_name(new_name));
    const auto attempt = [&]() -> Result<void> {
        const OpenRecord opened = TRY(open_record(guests_.get(), id, Lock::exclusive));
        if (!opened.exists)
            return Error(ErrorKind::not_found, "there is no record of domain " + std::to_string(raw(id)));
        Contents contents =
            TRY(read_contents(opened.file.get(), id).while_doing("reading " + record_path(id)));
        auto* record = std::get_if<GuestRecord>(&contents);
        if (!record)
            return Error(ErrorKind::invalid_argument, "the guest is still being made");
        if (record->config.name == new_name)
            return {};

        const std::string old_name = std::exchange(record->config.name, std::string(new_name));
        TRY(claim_name(guests_.get(), names_.get(), record->config.name, id));
        if (auto replaced = replace_record(guests_.get(), *record); !replaced) {
            (void)release_name(names_.get(), record->config.name, id);
            return replaced;
        }
        // Replacing the file gave up our lock, and with it the right to remove the old link as ours. It is
        // stale now; should this clean-up fail, whoever wants the old name does it.
        (void)judge_link(guests_.get(), names_.get(), old_name.c_str(), std::nullopt);
        return {};
    };
    return attempt().while_doing("renaming domain " + std::to_string(raw(id)) + " to " +
                                 std::string(new_name));
}

} // namespace chaos
