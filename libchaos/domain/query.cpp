// SPDX-License-Identifier: BSD-3-Clause
// list() and find(): domains joined with their records.
#include "libchaos/domain/query.hpp"

#include <algorithm>
#include <charconv>

#include "libchaos/domain/reconcile.hpp"

namespace chaos {

namespace {

Error no_such_guest(std::string_view what) {
    return Error(ErrorKind::not_found, "there is no guest " + std::string(what))
        .advise("`chaos list` shows the guests there are.");
}

/// The record of `domain`, if the registry has one with its handle.
Result<std::optional<GuestRecord>> record_of(Host& host, const xen::DomainInfo& domain) {
    auto record = TRY(host.registry().record(domain.id));
    if (record && record->uuid.bytes != domain.handle)
        record.reset();
    return record;
}

/// Whether a living chaos prepared `domain` and has not finished it.
Result<bool> is_unfinished(Host& host, const xen::DomainInfo& domain) {
    const auto intent = TRY(host.registry().unfinished(domain.id));
    return intent && (domain.handle == intent->uuid.bytes ||
                      (intent->next_uuid && domain.handle == intent->next_uuid->bytes));
}

/// A record file that does not parse is its guest's misfortune: a list goes on without it.
bool is_damage(const Error& error) {
    return error.kind() == ErrorKind::system && error.system_errno() == 0;
}

/// `what` is what was asked for: the id, or a name that the registry says is that of the id.
Result<GuestInfo> find_by_id(Host& host, DomainId id, std::string_view what, bool is_name) {
    const auto domain = TRY(host.control().domain_info(id));
    if (!domain) {
        TRY(forget_if_gone(host, id));
        return no_such_guest(what);
    }
    if (auto record = TRY(record_of(host, *domain)))
        return GuestInfo{*domain, std::move(record)};
    // Half made: by a chaos that was killed, or by one that is still at it.
    if (TRY(forget_if_gone(host, id)))
        return no_such_guest(what);
    if (is_name)
        return Error(ErrorKind::not_found, "guest " + std::string(what) + " is still being made")
            .advise("Try again when it is.");
    if (TRY(is_unfinished(host, *domain)))
        return Error(ErrorKind::not_found,
                     "domain " + std::to_string(raw(id)) +
                         " is a shell that waits for its guest, or a guest still being made")
            .advise("It goes when whoever made it, usually chaosd, wants it no longer.");
    return Error(ErrorKind::not_found, "domain " + std::to_string(raw(id)) + " was not made by chaos")
        .advise("Use the toolstack that made it.");
}

} // namespace

Result<std::vector<GuestInfo>> list(Host& host) {
    std::size_t kept = 0;
    bool has_forgotten = false;
    for (const DomainId id : TRY(host.registry().ids())) {
        auto tidied = forget_if_gone(host, id);
        if (!tidied && !is_damage(tidied.error()))
            return std::move(tidied).error();
        const bool is_gone = tidied && *tidied;
        kept += !is_gone;
        has_forgotten |= is_gone;
    }
    std::vector<GuestInfo> guests;
    std::size_t shells = 0;
    for (const xen::DomainInfo& domain : TRY(host.control().domains())) {
        auto record = record_of(host, domain);
        if (!record && !is_damage(record.error()))
            return std::move(record).error();
        const bool damaged = !record;
        GuestInfo& guest = guests.emplace_back(
            GuestInfo{domain, damaged ? std::optional<GuestRecord>() : std::move(*record)});
        if (!guest.record && !damaged)
            guest.shell = TRY(is_unfinished(host, domain));
        shells += guest.shell;
    }
    // Shells have no names, so among them a link that a killed maker left was not one too many.
    if (shells > 0 || has_forgotten)
        TRY(host.registry().drop_stale_names(kept - std::min(kept, shells)));
    return guests;
}

Result<GuestInfo> find(Host& host, std::string_view name_id_or_uuid) {
    const std::string_view text = name_id_or_uuid;
    if (!text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        std::uint16_t id = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
        if (parsed.ec != std::errc{})
            return no_such_guest(text);
        return find_by_id(host, DomainId{id}, text, false);
    }
    if (const auto uuid = Uuid::parse(text)) {
        for (GuestInfo& guest : TRY(list(host)))
            if (guest.record && guest.record->uuid == *uuid)
                return std::move(guest);
        return no_such_guest(text);
    }
    const auto id = TRY(host.registry().id_of(text));
    if (!id)
        return no_such_guest(text);
    return find_by_id(host, *id, text, true);
}

} // namespace chaos
