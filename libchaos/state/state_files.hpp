// SPDX-License-Identifier: BSD-3-Clause
// The files of a state directory, one function per thing done to them. Nothing here decides anything.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/state/contents.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::state_files {

/// Ids handed out; Xen's own limit is 32751, the lowest are left to other toolstacks, which count upwards.
constexpr std::uint16_t highest_id = 32700;
constexpr std::uint16_t lowest_id = 1000;

/// "32700.json" or, with another suffix, the file beside it.
class FileName {
  public:
    explicit FileName(DomainId id, std::string_view suffix = ".json");
    [[nodiscard]] const char* c_str() const { return text_.data(); }

  private:
    std::array<char, 16> text_{};
};

/// Where a new record is written before it takes the place of the old one.
inline FileName replacement_name(DomainId id) {
    return FileName(id, ".new");
}

/// The id in "32700.json" (suffix ".json") or in a link's target "32700" (no suffix), or nothing.
std::optional<DomainId> parse_id(std::string_view text, std::string_view suffix = {});

/// How a record's file is opened: not at all locked, or with a lock that others may share or may not.
enum class Lock : std::uint8_t {
    none,
    shared,            ///< waits; nobody replaces or removes the file meanwhile
    exclusive,         ///< waits; the holder may replace or remove the file
    shared_if_free,    ///< gives nothing if somebody holds it exclusively
    exclusive_if_free, ///< gives nothing if anybody holds it
};

struct OpenRecord {
    UniqueFd file;       ///< not open if there is none, or its lock was not free
    bool exists = false; ///< there is a file
};

/// Opens the record of `id` under `lock`. A lock is on the file that bears the name at that moment.
Result<OpenRecord> open_record(int guests, DomainId id, Lock lock);

/// Reads the record or intent of `id` and checks that it is this id's.
Result<Contents> read_contents(int file, DomainId id);

/// A nameless file in `guests` that holds `intent`, already locked.
Result<UniqueFd> make_intent(int guests, const Intent& intent);

/// Gives a nameless, locked intent the next free id's name.
Result<DomainId> link_at_next_id(int guests, int intent);

/// Puts `record` in place of the file of its id, which the caller has locked; the new file is not locked.
Result<void> replace_record(int guests, const GuestRecord& record);
/// Puts `intent` in place of that of `id`, which the caller has locked; so is the new file, before anybody can see it.
Result<UniqueFd> replace_intent(int guests, DomainId id, const Intent& intent);
/// As replace_record(), but the new file is locked before anybody can see it.
Result<UniqueFd> replace_and_lock_record(int guests, const GuestRecord& record);

/// What the link of `name` points to, as text; nothing if there is no link.
Result<std::optional<std::string>> read_link(int names, const char* name);

/// What is in a directory, unordered.
Result<std::vector<std::string>> entries_of(int directory);

/// Deletes an entry; one that is not there is as good as deleted.
Result<void> unlink(int directory, const char* name);

} // namespace chaos::state_files
