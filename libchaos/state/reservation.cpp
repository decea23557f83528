// SPDX-License-Identifier: BSD-3-Clause
// A reservation's end: its intent becomes the finished record, or id and name are given back.
#include "libchaos/state/registry.hpp"
#include "libchaos/state/state_files.hpp"

namespace chaos {

Reservation::Reservation(Reservation&& other) noexcept
    : registry_(other.registry_), id_(other.id_), intent_(std::move(other.intent_)),
      name_(std::move(other.name_)) {}

// The link goes first: as long as the intent is there and locked, nobody else may touch a link that points to
// it. Killed in between, an intent without a link remains, which leftover() finds.
Reservation::~Reservation() {
    if (!intent_.is_open())
        return;
    if (!name_.empty())
        (void)state_files::unlink(registry_->names_.get(), name_.c_str());
    (void)state_files::unlink(registry_->guests_.get(), state_files::FileName(id_).c_str());
}

Result<void> Reservation::commit(const GuestRecord& record) {
    const std::string doing = "recording guest " + name_;
    if (!intent_.is_open() || record.id != id_ || record.config.name != name_)
        return Error(ErrorKind::invalid_argument, "the record is not that of the reservation")
            .while_doing(doing);
    if (auto replaced = state_files::replace_record(registry_->guests_.get(), record); !replaced)
        return std::move(replaced).error().while_doing(doing);
    intent_.reset();
    return {};
}

} // namespace chaos
