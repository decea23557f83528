// SPDX-License-Identifier: BSD-3-Clause
// Two sorted lists compared. Only what is new or has stopped costs more than its hypercall.
#include "chaos/daemon/census.hpp"

#include <algorithm>

#include "libchaos/domain/reconcile.hpp"

namespace chaos::daemon {

namespace {

/// What xendevd maps keeps a dead domain as a zombie.
void have_it_forgotten(Host& host, DomainId id) {
    if (auto devices = host.devices(); devices && *devices)
        (void)(*devices)->forget(id); // one that does not answer lets go by itself later
}

class Counting {
  public:
    Counting(Host& host, const std::vector<Seen>& before)
        : host_(host), next_(before.begin()), end_(before.end()) {}

    void look_at(const xen::DomainInfo& domain);
    /// The last step: what is not there any more.
    Census finish();

  private:
    void forget_unseen();
    void say_gone(const Seen& before);
    /// The record of a domain; nothing if it has none, or one that cannot be read.
    std::optional<GuestRecord> record_of(const xen::DomainInfo& domain);

    Host& host_;
    std::vector<Seen>::const_iterator next_;
    std::vector<Seen>::const_iterator end_;
    std::vector<Seen> seen_;
    Census census_;
};

std::optional<GuestRecord> Counting::record_of(const xen::DomainInfo& domain) {
    auto record = host_.registry().record(domain.id);
    if (!record || !*record || (*record)->uuid.bytes != domain.handle)
        return std::nullopt;
    return std::move(**record);
}

void Counting::say_gone(const Seen& before) {
    Gone gone{before.id, before.uuid, before.name};
    if (auto record = host_.registry().record(before.id); record && *record && (*record)->uuid == before.uuid)
        gone.name = (*record)->config.name; // it may have been renamed
    (void)forget_if_gone(host_, before.id); // what stays is tidied up by the next list
    census_.gone.push_back(std::move(gone));
}

void Counting::look_at(const xen::DomainInfo& domain) {
    for (; next_ != end_ && raw(next_->id) < raw(domain.id); ++next_)
        say_gone(*next_);
    Seen now{domain.id, Uuid{domain.handle}, {}, false, domain.dying, 0};
    bool is_new = true;
    if (next_ != end_ && next_->id == domain.id) {
        if (next_->uuid == now.uuid) {
            is_new = false;
            now.name = next_->name;
            now.stopped = next_->stopped;
            now.puzzles = next_->puzzles;
        } else {
            say_gone(*next_); // its id belongs to another one by now
        }
        if (domain.dying && !is_new && !next_->dying)
            have_it_forgotten(host_, domain.id);
        ++next_;
    }
    const bool has_stopped = domain.shutdown && !domain.dying && !now.stopped;
    if (is_new || has_stopped) {
        auto record = record_of(domain);
        if (record)
            now.name = record->config.name;
        if (has_stopped && record) {
            now.stopped = true;
            census_.stopped.push_back({GuestInfo{domain, std::move(record)}});
        } else if (has_stopped) {
            // Foreign, or its maker has not written its record yet.
            constexpr std::uint8_t most_puzzles = 10;
            if (now.puzzles < most_puzzles) {
                ++now.puzzles;
                census_.look_again_soon = true;
            }
        }
    }
    seen_.push_back(std::move(now));
}

/// Guests that came and went between two looks: nothing but a record tells of them. Reading the list of records is little
/// beside the list of domains.
void Counting::forget_unseen() {
    const auto ids = host_.registry().ids();
    if (!ids)
        return; // the next census tries again
    for (const DomainId id : *ids) {
        if (std::binary_search(seen_.begin(), seen_.end(), Seen{id, {}, {}},
                               [](const Seen& left, const Seen& right) { return left.id < right.id; }))
            continue;
        auto record = host_.registry().record(id);
        if (const auto forgotten = forget_if_gone(host_, id); forgotten && *forgotten && record && *record)
            census_.gone.push_back({id, (*record)->uuid, (*record)->config.name});
    }
}

Census Counting::finish() {
    for (; next_ != end_; ++next_)
        say_gone(*next_);
    forget_unseen();
    census_.seen = std::make_shared<const std::vector<Seen>>(std::move(seen_));
    return std::move(census_);
}

} // namespace

Result<Census> take_census(Host& host, const std::shared_ptr<const std::vector<Seen>>& before) {
    static const std::vector<Seen> nobody;
    Counting counting(host, before ? *before : nobody);
    for (const xen::DomainInfo& domain : TRY(host.control().domains()))
        if (domain.id != this_domain)
            counting.look_at(domain);
    return counting.finish();
}

} // namespace chaos::daemon
