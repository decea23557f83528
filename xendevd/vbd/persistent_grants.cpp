// SPDX-License-Identifier: BSD-3-Clause
// Mapping on first sight, and unmapping what was not used for longest when there is no room. Front ends take their pages
// last in, first out, so what was not used for long is not needed soon.
#include "xendevd/vbd/persistent_grants.hpp"

#include <algorithm>

namespace xendevd {

namespace {

// Front ends count references from 0 upwards as they need them; data of higher ones is copied.
constexpr std::uint32_t highest_reference = 0xffff;
// A guest whose pages cannot be mapped does not mean it, or dom0 has no room: no use in trying each time.
constexpr unsigned most_refusals = 16;

} // namespace

PersistentGrants::~PersistentGrants() {
    budget_.left += groups_.size() - free_groups_.size();
}

std::byte* PersistentGrants::find(std::uint32_t reference, std::uint64_t use) {
    if (reference >= places_.size() || places_[reference].group == 0)
        return nullptr;
    const Place place = places_[reference];
    Group& group = groups_[place.group - 1u];
    group.last_use = use;
    return group.mapping.data() + place.page * chaos::page_size;
}

bool PersistentGrants::map(std::span<const std::uint32_t> references, std::uint64_t use,
                           std::uint64_t finished) {
    missing_.clear();
    for (const std::uint32_t reference : references) {
        if (reference > highest_reference)
            return false;
        if (!find(reference, use))
            missing_.push_back(chaos::GrantReference{reference});
    }
    std::sort(missing_.begin(), missing_.end());
    missing_.erase(std::unique(missing_.begin(), missing_.end()), missing_.end());
    if (missing_.empty())
        return true;
    if (refusals_ >= most_refusals || !make_room(missing_.size(), finished))
        return false;
    auto mapping = grants_.map(domain_, missing_, chaos::xen::GrantAccess::read_write);
    if (!mapping) {
        ++refusals_;
        return false;
    }
    if (free_groups_.empty()) {
        groups_.emplace_back();
        free_groups_.push_back(static_cast<std::uint16_t>(groups_.size() - 1));
    }
    const std::uint16_t number = free_groups_.back();
    free_groups_.pop_back();
    Group& group = groups_[number];
    group.mapping = std::move(*mapping);
    group.last_use = use;
    --budget_.left;
    pages_ += missing_.size();
    places_.resize(std::max<std::size_t>(places_.size(), raw(missing_.back()) + 1u));
    for (std::size_t page = 0; page < missing_.size(); ++page) {
        group.references.push_back(raw(missing_[page]));
        places_[raw(missing_[page])] = {static_cast<std::uint16_t>(number + 1),
                                        static_cast<std::uint16_t>(page)};
    }
    return true;
}

bool PersistentGrants::make_room(std::size_t pages, std::uint64_t finished) {
    while (pages_ + pages > most_pages_ || budget_.left == 0) {
        Group* oldest = nullptr;
        for (Group& group : groups_) {
            if (group.mapping && group.last_use <= finished && (!oldest || group.last_use < oldest->last_use))
                oldest = &group;
        }
        if (!oldest)
            return false;
        unmap(*oldest);
    }
    return true;
}

void PersistentGrants::unmap(Group& group) {
    group.mapping.unmap();
    for (const std::uint32_t reference : group.references)
        places_[reference] = {};
    pages_ -= group.references.size();
    group.references.clear();
    free_groups_.push_back(static_cast<std::uint16_t>(&group - groups_.data()));
    ++budget_.left;
}

} // namespace xendevd
