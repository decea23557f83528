// SPDX-License-Identifier: BSD-3-Clause
// The registry opened and looked into: nothing here changes a record or a name.
#include "libchaos/state/registry.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

#include "libchaos/state/state_files.hpp"

namespace chaos {

using namespace state_files;

namespace {

UniqueFd open_directory(const std::string& path) {
    return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Makes `path` and what leads to it. Only the last part, which is chaos's own, is closed to others.
Result<void> make_directory(const std::string& path) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
        (void)::mkdir(path.substr(0, slash).c_str(), 0755); // the last mkdir tells what was wrong
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return Error::from_errno("mkdir", errno).while_doing("making " + path);
    return {};
}

Result<UniqueFd> open_or_make(const std::string& parent, const std::string& path) {
    UniqueFd directory = open_directory(path);
    if (!directory.is_open() && errno == ENOENT) {
        TRY(make_directory(parent));
        if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
            return Error::from_errno("mkdir", errno).while_doing("making " + path);
        directory = open_directory(path);
    }
    if (!directory.is_open())
        return Error::from_errno("open", errno).while_doing("opening " + path);
    return directory;
}

/// A process killed while it replaced a record leaves the unused replacement. While nobody holds the record's
/// lock, nobody is writing one.
void remove_stray_replacement(int guests, DomainId id) {
    const auto record = open_record(guests, id, Lock::exclusive_if_free);
    if (record && record->file.is_open())
        (void)unlink(guests, replacement_name(id).c_str());
}

} // namespace

Result<Registry> Registry::open(const std::string& state_directory) {
    UniqueFd guests = TRY(open_or_make(state_directory, state_directory + "/guests"));
    UniqueFd names = TRY(open_or_make(state_directory, state_directory + "/names"));
    return Registry(state_directory, std::move(guests), std::move(names));
}

std::string Registry::record_path(DomainId id) const {
    return directory_ + "/guests/" + FileName(id).c_str();
}

Result<std::optional<GuestRecord>> Registry::record(DomainId id) {
    const auto look = [&]() -> Result<std::optional<GuestRecord>> {
        const OpenRecord opened = TRY(open_record(guests_.get(), id, Lock::none));
        if (!opened.exists)
            return std::optional<GuestRecord>{};
        Contents contents = TRY(read_contents(opened.file.get(), id));
        if (auto* record = std::get_if<GuestRecord>(&contents))
            return std::optional<GuestRecord>(std::move(*record));
        return std::optional<GuestRecord>{};
    };
    return look().while_doing("reading " + record_path(id));
}

// A link may be stale: its process was killed halfway through a removal or a renaming. The record has the
// last word.
Result<std::optional<DomainId>> Registry::id_of(std::string_view name) {
    const std::string link(name);
    const auto look = [&]() -> Result<std::optional<DomainId>> {
        if (!check_guest_name(name))
            return std::optional<DomainId>{};
        const auto target = TRY(read_link(names_.get(), link.c_str()));
        const auto id = target ? parse_id(*target) : std::nullopt;
        if (!id)
            return std::optional<DomainId>{};
        const OpenRecord opened = TRY(open_record(guests_.get(), *id, Lock::none));
        if (!opened.exists)
            return std::optional<DomainId>{};
        const Contents contents =
            TRY(read_contents(opened.file.get(), *id).while_doing("reading " + record_path(*id)));
        const auto* record = std::get_if<GuestRecord>(&contents);
        const std::string& holder = record ? record->config.name : std::get<Intent>(contents).name;
        return holder == name ? id : std::nullopt;
    };
    return look().while_doing("looking up the name " + link);
}

Result<std::vector<DomainId>> Registry::ids() {
    const auto look = [&]() -> Result<std::vector<DomainId>> {
        std::vector<DomainId> found;
        for (const std::string& entry : TRY(entries_of(guests_.get()))) {
            if (const auto id = parse_id(entry, ".json"))
                found.push_back(*id);
            else if (const auto stray = parse_id(entry, ".new"))
                remove_stray_replacement(guests_.get(), *stray);
        }
        // Each guest has one name. More names than guests means that a process was killed while it renamed
        // one.
        TRY(drop_stale_names(found.size()));
        return found;
    };
    return look().while_doing("listing " + directory_);
}

Result<void> Registry::drop_stale_names(std::size_t named) {
    if (const auto names = TRY(entries_of(names_.get())); names.size() > named)
        drop_stale(names);
    return {};
}

Result<std::optional<Leftover>> Registry::leftover(DomainId id) {
    const auto look = [&]() -> Result<std::optional<Leftover>> {
        const OpenRecord opened = TRY(open_record(guests_.get(), id, Lock::shared_if_free));
        if (!opened.file.is_open())
            return std::optional<Leftover>{};
        Contents contents = TRY(read_contents(opened.file.get(), id));
        auto* intent = std::get_if<Intent>(&contents);
        if (!intent)
            return std::optional<Leftover>{};
        return std::optional(Leftover{id, intent->uuid, std::move(intent->name), intent->next_uuid});
    };
    return look().while_doing("reading " + record_path(id));
}

Result<std::optional<Unfinished>> Registry::unfinished(DomainId id) {
    const auto look = [&]() -> Result<std::optional<Unfinished>> {
        const OpenRecord opened = TRY(open_record(guests_.get(), id, Lock::none));
        if (!opened.exists)
            return std::optional<Unfinished>{};
        Contents contents = TRY(read_contents(opened.file.get(), id));
        auto* intent = std::get_if<Intent>(&contents);
        if (!intent)
            return std::optional<Unfinished>{};
        return std::optional(Unfinished{intent->uuid, std::move(intent->name), intent->next_uuid});
    };
    return look().while_doing("reading " + record_path(id));
}

} // namespace chaos
