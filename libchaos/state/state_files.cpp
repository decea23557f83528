// SPDX-License-Identifier: BSD-3-Clause
// The files of a state directory: opening, locking, reading, making and replacing them.
#include "libchaos/state/state_files.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <memory>

namespace chaos::state_files {
namespace {

/// No record comes near it: 128 vCPUs with the longest affinity that can be written take 200 KiB, 124 disks with the
/// longest paths 1 MiB.
constexpr std::size_t largest_record = 1 << 21;

/// The counter is a hint: whatever it holds, linkat() alone decides who gets an id.
std::uint16_t read_counter(int counter) {
    char text[8];
    const ssize_t size = ::pread(counter, text, sizeof text, 0);
    std::uint16_t id = 0;
    if (size > 0)
        std::from_chars(text, text + size, id);
    return id >= lowest_id && id <= highest_id ? id : highest_id;
}

std::uint16_t id_after(std::uint16_t id) {
    return id == lowest_id ? highest_id : static_cast<std::uint16_t>(id - 1);
}

/// Linking a descriptor itself needs a privilege on older kernels; going through /proc does not.
int link_file(int file, int directory, const char* name) {
    const int linked = ::linkat(file, "", directory, name, AT_EMPTY_PATH);
    if (linked == 0 || errno != ENOENT)
        return linked;
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    return ::linkat(AT_FDCWD, path.c_str(), directory, name, AT_SYMLINK_FOLLOW);
}

Result<void> write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file, text.data(), text.size());
        if (written < 0)
            return Error::from_errno("write", errno);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string> read_all(int file) {
    std::string text(2048, '\0'); // a usual record fits, so that one call reads it
    std::size_t filled = 0;
    for (;;) {
        const ssize_t got =
            ::pread(file, text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
        if (got < 0)
            return Error::from_errno("read", errno);
        filled += static_cast<std::size_t>(got);
        if (filled < text.size())
            break;
        if (text.size() >= largest_record)
            return Error(ErrorKind::system, "the record is damaged: it is larger than any record");
        text.resize(largest_record);
    }
    text.resize(filled);
    return text;
}

} // namespace

FileName::FileName(DomainId id, std::string_view suffix) {
    const auto end = std::to_chars(text_.data(), text_.data() + 5, raw(id));
    std::memcpy(end.ptr, suffix.data(), suffix.size());
}

std::optional<DomainId> parse_id(std::string_view text, std::string_view suffix) {
    if (!text.ends_with(suffix))
        return std::nullopt;
    text.remove_suffix(suffix.size());
    std::uint16_t id = 0;
    const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (problem != std::errc{} || stop != text.data() + text.size() || id == 0 || text.front() == '0')
        return std::nullopt;
    return DomainId{id};
}

Result<OpenRecord> open_record(int guests, DomainId id, Lock lock) {
    const FileName name(id);
    for (;;) {
        UniqueFd file(::openat(guests, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!file.is_open() && errno == ENOENT)
            return OpenRecord{};
        if (!file.is_open())
            return Error::from_errno("open", errno);
        if (lock == Lock::none)
            return OpenRecord{std::move(file), true};

        int operation = lock == Lock::shared || lock == Lock::shared_if_free ? LOCK_SH : LOCK_EX;
        if (lock == Lock::shared_if_free || lock == Lock::exclusive_if_free)
            operation |= LOCK_NB;
        if (::flock(file.get(), operation) != 0) {
            if (errno == EWOULDBLOCK)
                return OpenRecord{UniqueFd(), true};
            return Error::from_errno("flock", errno);
        }
        // While we waited the file may have been replaced or removed; a lock on it then means nothing.
        // Record files have one link each, so a count of zero says it without a second look at the name.
        struct stat status {};
        if (::fstat(file.get(), &status) != 0)
            return Error::from_errno("fstat", errno);
        if (status.st_nlink > 0)
            return OpenRecord{std::move(file), true};
    }
}

Result<Contents> read_contents(int file, DomainId id) {
    const std::string text = TRY(read_all(file));
    Contents contents = TRY(contents_from_json(text));
    const auto* record = std::get_if<GuestRecord>(&contents);
    if (record && record->id != id)
        return Error(ErrorKind::system,
                     "the record is damaged: it is that of domain " + std::to_string(raw(record->id)));
    return contents;
}

// Whoever finds an intent whose lock is free takes its maker for dead. So no intent may ever be seen that is
// not locked yet, or not whole yet: it is written and locked while it has no name. That also leaves no stray
// file behind if its maker is killed before it gets one.
Result<UniqueFd> make_intent(int guests, const Intent& intent) {
    UniqueFd file(::openat(guests, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file.is_open()) {
        const bool unsupported = errno == EOPNOTSUPP || errno == EISDIR;
        Error error = Error::from_errno("open O_TMPFILE", errno);
        if (unsupported)
            return std::move(error).advise("keep the state directory on tmpfs, as /run is");
        return error;
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return Error::from_errno("flock", errno);
    TRY(write_all(file.get(), to_json(intent)));
    return file;
}

Result<DomainId> link_at_next_id(int guests, int intent) {
    const UniqueFd counter(
        ::openat(guests, "../next-domain", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!counter.is_open())
        return Error::from_errno("open next-domain", errno);
    // The lock only spares concurrent creates the trial of ids that another has just taken.
    if (::flock(counter.get(), LOCK_EX) != 0)
        return Error::from_errno("flock next-domain", errno);

    std::uint16_t id = read_counter(counter.get());
    for (int tries = highest_id - lowest_id + 1; tries > 0; --tries, id = id_after(id)) {
        if (link_file(intent, guests, FileName(DomainId{id}).c_str()) == 0) {
            char text[8];
            const int size = std::snprintf(text, sizeof text, "%05u\n", unsigned{id_after(id)});
            if (::pwrite(counter.get(), text, static_cast<std::size_t>(size), 0) != size) [[maybe_unused]]
                const int emptied =
                    ::ftruncate(counter.get(), 0); // starting over at the top is slow but right
            return DomainId{id};
        }
        if (errno != EEXIST)
            return Error::from_errno("linkat", errno);
    }
    return Error(ErrorKind::system, "all domain ids from " + std::to_string(lowest_id) + " to " +
                                        std::to_string(highest_id) + " are in use");
}

namespace {

Result<UniqueFd> put_file(int guests, DomainId id, std::string_view text, bool lock) {
    const FileName replacement = replacement_name(id);
    UniqueFd file(
        ::openat(guests, replacement.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open())
        return Error::from_errno("open", errno);
    const auto put_in_place = [&]() -> Result<void> {
        if (lock && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
            return Error::from_errno("flock", errno);
        TRY(write_all(file.get(), text));
        if (::renameat(guests, replacement.c_str(), guests, FileName(id).c_str()) != 0)
            return Error::from_errno("rename", errno);
        return {};
    };
    auto done = put_in_place();
    if (!done) {
        (void)unlink(guests, replacement.c_str());
        return std::move(done).error();
    }
    return file;
}

} // namespace

Result<void> replace_record(int guests, const GuestRecord& record) {
    TRY(put_file(guests, record.id, to_json(record), false));
    return {};
}

Result<UniqueFd> replace_and_lock_record(int guests, const GuestRecord& record) {
    return put_file(guests, record.id, to_json(record), true);
}

Result<UniqueFd> replace_intent(int guests, DomainId id, const Intent& intent) {
    return put_file(guests, id, to_json(intent), true);
}

Result<std::optional<std::string>> read_link(int names, const char* name) {
    char target[16];
    const ssize_t size = ::readlinkat(names, name, target, sizeof target);
    if (size >= 0)
        return std::optional<std::string>(std::string(target, static_cast<std::size_t>(size)));
    if (errno == ENOENT)
        return std::optional<std::string>{};
    return Error::from_errno("readlink", errno);
}

Result<std::vector<std::string>> entries_of(int directory) {
    struct Close {
        void operator()(DIR* stream) const { ::closedir(stream); }
    };
    // A second descriptor, because reading a directory moves the descriptor's position.
    const int file = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, Close> stream(file < 0 ? nullptr : ::fdopendir(file));
    if (!stream) {
        Error error = Error::from_errno("open", errno);
        if (file >= 0)
            ::close(file);
        return error;
    }

    std::vector<std::string> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        if (const std::string_view name = entry->d_name; name != "." && name != "..")
            entries.emplace_back(name);
        errno = 0;
    }
    if (errno != 0)
        return Error::from_errno("readdir", errno);
    return entries;
}

Result<void> unlink(int directory, const char* name) {
    if (::unlinkat(directory, name, 0) != 0 && errno != ENOENT)
        return Error::from_errno("unlink", errno);
    return {};
}

} // namespace chaos::state_files
