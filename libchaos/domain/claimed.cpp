// SPDX-License-Identifier: BSD-3-Clause
// Claiming a guest, and what may have become of it while somebody else had the claim.
#include "libchaos/domain/claimed.hpp"

#include "libchaos/domain/lifecycle.hpp"

namespace chaos {

Result<GuestInfo> look_again(Host& host, const GuestInfo& guest) {
    const auto domain = TRY(host.control().domain_info(guest.domain.id));
    if (domain && domain->handle == guest.domain.handle && !domain->dying) {
        GuestInfo now{*domain, TRY(host.registry().record(guest.domain.id))};
        if (now.record && now.record->uuid.bytes != domain->handle)
            now.record.reset();
        return now;
    }
    const std::string name = guest.name();
    const Error gone = Error(ErrorKind::not_found, "guest " + (name.empty() ? "it" : name) + " is gone");
    if (!guest.record)
        return gone;
    GuestInfo found = TRY(find(host, name));
    if (found.domain.handle != guest.domain.handle)
        return gone;
    return found;
}

Result<ClaimedGuest> claim(Host& host, const GuestInfo& guest, std::chrono::milliseconds timeout,
                           int stop_fd) {
    Claim held = TRY(Claim::take(host.options().state_directory, Uuid{guest.domain.handle}, timeout, stop_fd)
                         .while_doing("claiming guest " + guest.name()));
    GuestInfo now = TRY(look_again(host, guest));
    const bool made_anew = now.domain.id != guest.domain.id;
    return ClaimedGuest{std::move(held), std::move(now), made_anew};
}

Result<void> destroy_claimed(Host& host, const GuestInfo& guest, std::chrono::milliseconds timeout,
                             int stop_fd) {
    auto claimed = claim(host, guest, timeout, stop_fd);
    if (claimed)
        return destroy(host, claimed->guest);
    if (claimed.error().kind() != ErrorKind::not_found)
        return std::move(claimed).error().while_doing("destroying guest " + guest.name());
    return destroy(host, guest); // its record may have stayed
}

} // namespace chaos
