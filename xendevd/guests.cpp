// SPDX-License-Identifier: BSD-3-Clause
// Which guests there are, and whether they still are.
#include "xendevd/guests.hpp"

#include <algorithm>
#include <array>

#include "libchaos/xen/control.hpp"
#include "xendevd/vif/networks.hpp"

namespace xendevd {

using chaos::DomainId;
using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
namespace devices = chaos::devices;

namespace {

/// A guest that another toolstack destroyed stays behind as a zombie while its pages are mapped here. Each is looked at
/// once in about ten seconds, a few at a time, so that thousands of idle guests cost nothing to speak of.
constexpr std::chrono::seconds look_every{1};
constexpr std::size_t looks_per_round = 10;
constexpr std::size_t fewest_looks = 8;

std::string naming(DomainId domain) {
    return "domain " + std::to_string(raw(domain));
}

} // namespace

namespace {

Result<void> check_images(std::size_t disks, std::size_t files) {
    if (disks != files)
        return Error(ErrorKind::invalid_argument,
                     std::to_string(disks) + " disks came with " + std::to_string(files) + " open files");
    return {};
}

/// Whether the domain `handle` is the guest that a journal is about: a shell may have been given another UUID.
bool is_that_of(const std::array<std::uint8_t, 16>& handle, const devices::AttachRequest& first,
                const std::vector<std::string>& lines) {
    if (handle == first.uuid.bytes)
        return true;
    return first.shell && std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
               const auto request = devices::decode_request(line);
               const auto* settle = request ? std::get_if<devices::SettleRequest>(&*request) : nullptr;
               return settle && settle->next_uuid && settle->next_uuid->bytes == handle;
           });
}

} // namespace

Result<void> Guests::settle(const devices::SettleRequest& request, std::vector<chaos::UniqueFd> images) {
    TRY(check_images(request.vbds.size(), images.size()));
    Guest* guest = find(request.domain);
    if (!guest || guest->uuid() != request.uuid)
        return Error(ErrorKind::not_found, "xendevd does not know the shell " + naming(request.domain));
    return guest->settle(request, std::move(images));
}

void Guests::attach(devices::AttachRequest request, std::vector<chaos::UniqueFd> images, Attached attached) {
    if (auto complete = check_images(request.vbds.size(), images.size()); !complete)
        return attached(std::move(complete));
    auto found = guests_.find(request.domain);
    if (found != guests_.end() && found->second->uuid() != request.uuid) {
        // Domain ids are used again: the guest that was here is gone.
        forget(request.domain);
        found = guests_.end();
    }
    if (found == guests_.end()) {
        // Nor is what xendevd knew of it, if it was killed before it had forgotten.
        Guest::remove_journals(directory_, request.domain);
        auto guest = std::make_unique<Guest>(daemon_, request, directory_);
        found = guests_.emplace(request.domain, std::move(guest)).first;
        watch_for_deaths();
    }
    if (auto begun = found->second->begin_adding(request); !begun) {
        forget_if_empty(request.domain);
        return attached(std::move(begun));
    }
    if (request.vifs.empty())
        return attached(finish_attaching(request, std::move(images), std::vector<Bridges::End>()));
    std::vector<VifSettings> vifs;
    for (const devices::AttachVif& vif : request.vifs)
        vifs.push_back(settings_of(vif));
    const DomainId domain = request.domain;
    auto files =
        std::make_shared<std::vector<chaos::UniqueFd>>(std::move(images)); // a function can be copied
    daemon_.networks->make_ends(domain, std::move(vifs),
                                [this, files, request = std::move(request),
                                 attached = std::move(attached)](Result<std::vector<Bridges::End>> ends) {
                                    attached(finish_attaching(request, std::move(*files), std::move(ends)));
                                });
}

Result<void> Guests::finish_attaching(const devices::AttachRequest& request,
                                      std::vector<chaos::UniqueFd> images,
                                      Result<std::vector<Bridges::End>> ends) {
    Guest* guest = find(request.domain);
    Result<void> added;
    if (!guest || guest->uuid() != request.uuid) {
        added = Error(ErrorKind::not_found, naming(request.domain) + " was forgotten meanwhile");
        for (std::size_t index = 0; ends && index < ends->size(); ++index)
            daemon_.networks->give_back(std::move((*ends)[index]));
    } else if (ends) {
        added = guest->add(request, std::move(images), std::move(*ends));
    } else {
        guest->give_up(request);
        added = std::move(ends).error();
    }
    if (!added)
        forget_if_empty(request.domain);
    return added;
}

void Guests::forget_if_empty(DomainId domain) {
    if (const Guest* guest = find(domain); guest && guest->is_empty())
        forget(domain);
}

void Guests::detach(const devices::DetachRequest& request, Removed removed) {
    Guest* guest = find(request.domain);
    if (guest && !guest->has(request.type, request.id))
        guest->give_up(request.type, request.id);
    if (!guest || !guest->has(request.type, request.id))
        return removed(Error(ErrorKind::not_found, naming(request.domain) + " has no " +
                                                       std::string(name_of(request.type)) + " " +
                                                       std::to_string(request.id)));
    guest->remove(request.type, request.id, request.force, request.timeout, std::move(removed));
}

Result<void> Guests::shutdown(const devices::ShutdownRequest& request) {
    Guest* guest = find(request.domain);
    if (!guest || !guest->store())
        return Error(ErrorKind::not_found,
                     naming(request.domain) + " has no private store to be told through");
    return guest->store()->shutdown(name_of(request.action));
}

void Guests::forget(DomainId domain) {
    const auto found = guests_.find(domain);
    if (found == guests_.end())
        return;
    const std::unique_ptr<Guest> guest = std::move(found->second);
    guests_.erase(found);
    guest->forget();
}

Guest* Guests::find(DomainId domain) {
    const auto found = guests_.find(domain);
    return found == guests_.end() ? nullptr : found->second.get();
}

Guest* Guests::first_from(std::uint32_t id) {
    const auto found =
        std::find_if(guests_.lower_bound(DomainId{static_cast<std::uint16_t>(std::min(id, 65535u))}),
                     guests_.end(), [&](const auto& entry) { return raw(entry.first) >= id; });
    return found == guests_.end() ? nullptr : found->second.get();
}

std::size_t Guests::devices() const {
    std::size_t count = 0;
    for (const auto& [id, guest] : guests_)
        count += guest->devices();
    return count;
}

Result<void> Guests::restore(chaos::xen::Control& control) {
    for (const DomainId domain : TRY(Journal::domains(directory_))) {
        Journal journal(directory_, domain);
        auto lines = journal.read();
        if (!lines || lines->empty()) {
            daemon_.log.error("the journal of " + naming(domain) + " cannot be used" +
                              (lines ? ": it is empty" : ": " + lines.error().story()));
            Guest::remove_journals(directory_, domain);
            continue;
        }
        auto request = devices::decode_request(lines->front());
        const auto* attach = request ? std::get_if<devices::AttachRequest>(&*request) : nullptr;
        const auto info = control.domain_info(domain);
        const bool lives =
            attach && info && *info && !(*info)->dying && is_that_of((*info)->handle, *attach, *lines);
        if (!lives) {
            daemon_.log.info(naming(domain) + " is gone, and its devices with it");
            Guest::remove_journals(directory_, domain);
            continue;
        }
        auto guest = std::make_unique<Guest>(daemon_, *attach, directory_);
        guest->restore(*lines);
        guests_.emplace(domain, std::move(guest));
    }
    watch_for_deaths();
    return {};
}

void Guests::watch_for_deaths() {
    if (!guests_.empty() && !is_set())
        daemon_.loop.run_at(Clock::now() + look_every, *this);
}

void Guests::run_timer() {
    std::vector<chaos::xen::GrantCopy> looks;
    std::vector<DomainId> looked_at;
    std::array<std::byte, 1> byte{};
    std::size_t budget = std::max(fewest_looks, guests_.size() / looks_per_round + 1);
    for (auto guest = guests_.lower_bound(next_to_probe_); guest != guests_.end() && budget > 0;
         ++guest, --budget) {
        next_to_probe_ = DomainId{static_cast<std::uint16_t>(raw(guest->first) + 1)};
        const auto reference = guest->second->sign_of_life();
        if (!reference)
            continue;
        chaos::xen::GrantCopy look{};
        look.source.granted = {raw(*reference), 0, raw(guest->first)};
        look.destination.local = byte.data();
        look.length = 1;
        look.flags = chaos::xen::GrantCopy::source_granted;
        looks.push_back(look);
        looked_at.push_back(guest->first);
    }
    if (budget > 0)
        next_to_probe_ = DomainId{0}; // all were seen: from the start again
    if (!looks.empty() && daemon_.grants.copy(looks)) {
        for (std::size_t index = 0; index < looks.size(); ++index) {
            if (looks[index].status == 0)
                continue;
            daemon_.log.info(naming(looked_at[index]) + " is gone, and its devices with it");
            forget(looked_at[index]);
        }
    }
    watch_for_deaths();
}

} // namespace xendevd
