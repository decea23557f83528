// SPDX-License-Identifier: BSD-3-Clause
// The guests that chaos made, as small files: one record per domain id, one symbolic link per name.
//
//     <state directory>/guests/32700.json     the record; before that the intent, locked by its maker
//     <state directory>/names/web -> 32700    made exclusively, so two guests never get one name; a shell has none yet
//     <state directory>/next-domain           the id to try next, counting down
//
// Ids count down because Xen keeps its domains in a list sorted by id and walks it from the low end at every
// creation. Whoever removes or replaces a record holds flock(2) on the file that is there; an intent whose
// lock is free belongs to a process that was killed. The hypervisor is the truth: nothing here proves that a
// domain exists.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/state/record.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos {

class Registry;

/// A domain id and a name held for a guest that is being made. Unless committed, both are given back when it
/// goes. The Registry must outlive it.
class Reservation {
  public:
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation();

    [[nodiscard]] DomainId id() const { return id_; }
    [[nodiscard]] const std::string& name() const { return name_; } ///< empty while it is a shell's
    /// Gives a shell's reservation its name, by one system call unless somebody has it; fails with name_taken.
    Result<void> claim(std::string_view name);
    /// Says in the intent that the domain's handle is about to change, so that it is found by either one.
    Result<void> announce_uuid(const Uuid& uuid, const Uuid& next_uuid);
    /// Writes the finished record in place of the intent.
    Result<void> commit(const GuestRecord& record);
    /// Goes on in another Registry of the same state directory, which must outlive it then.
    void move_to(Registry& registry) { registry_ = &registry; }

  private:
    friend class Registry;
    Reservation(Registry& registry, DomainId id, UniqueFd intent, std::string name)
        : registry_(&registry), id_(id), intent_(std::move(intent)), name_(std::move(name)) {}

    Registry* registry_;
    DomainId id_;
    UniqueFd intent_;
    std::string name_;
};

/// A guest's record, held for a change: until this object goes, nobody else replaces or removes it.
class RecordChange {
  public:
    RecordChange(RecordChange&&) = default;

    GuestRecord record;
    /// Puts `record` in place of what was there. May be called again.
    Result<void> save();

  private:
    friend class Registry;
    RecordChange(Registry& registry, UniqueFd lock, GuestRecord current)
        : record(std::move(current)), registry_(&registry), lock_(std::move(lock)) {}

    Registry* registry_;
    UniqueFd lock_; // on the file that is there
};

/// An intent left behind by a process that was killed while it made a guest.
struct Leftover {
    DomainId id{};
    Uuid uuid;
    std::string name;                   ///< empty: that of a shell
    std::optional<Uuid> next_uuid = {}; ///< the domain's handle may be this one as well
};

/// A guest that is being made, or a shell that waits for one, and whose maker lives.
struct Unfinished {
    Uuid uuid;
    std::string name; ///< empty: a shell, or one that has just been given a name
    std::optional<Uuid> next_uuid = {};
};

/// Not thread safe; any number of processes may share a state directory.
class Registry {
  public:
    /// Makes the directories if they are missing.
    static Result<Registry> open(const std::string& state_directory);

    /// Holds the next free domain id for `uuid` and `name`; fails with name_taken. The id is free of records,
    /// but a domain of another toolstack may have it: then call again.
    Result<Reservation> reserve(std::string_view name, const Uuid& uuid);
    /// The same for a shell, whose name will come later: Reservation::claim().
    Result<Reservation> reserve_shell(const Uuid& uuid);

    /// The finished record of `id`, or nothing.
    Result<std::optional<GuestRecord>> record(DomainId id);
    /// The id that `name` stands for, or nothing. The record of that id may be unfinished.
    Result<std::optional<DomainId>> id_of(std::string_view name);
    /// Ids that have a file, finished or not, unordered.
    Result<std::vector<DomainId>> ids();
    /// If `id` is an intent whose maker is gone, what it was for.
    Result<std::optional<Leftover>> leftover(DomainId id);
    /// If `id` is an intent, what it is for. Ask leftover() first.
    Result<std::optional<Unfinished>> unfinished(DomainId id);
    /// Removes links that no record confirms, if there are more names than the `named` guests that can have one.
    Result<void> drop_stale_names(std::size_t named);

    /// Forgets `id` and its names, if its record or intent still carries `uuid`.
    Result<void> remove(DomainId id, const Uuid& uuid);
    /// Holds the record of `id`, if it is that of the guest `uuid`, for a change; waits for whoever holds it. Fails with
    /// not_found. The Registry must outlive it.
    Result<RecordChange> change(DomainId id, const Uuid& uuid);
    /// Exchanges the name in `id`'s record; fails with name_taken.
    Result<void> rename(DomainId id, std::string_view new_name);

  private:
    friend class Reservation;
    friend class RecordChange;
    Registry(std::string directory, UniqueFd guests, UniqueFd names)
        : directory_(std::move(directory)), guests_(std::move(guests)), names_(std::move(names)) {}

    /// Every message about a damaged record names its file by this.
    [[nodiscard]] std::string record_path(DomainId id) const;
    Result<Reservation> make_reservation(std::string_view name, const Uuid& uuid);
    /// Removes those of the links that no record confirms.
    void drop_stale(const std::vector<std::string>& names);

    std::string directory_;
    UniqueFd guests_; // open directory <state directory>/guests
    UniqueFd names_;  // open directory <state directory>/names
};

} // namespace chaos
