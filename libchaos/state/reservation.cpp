// SPDX-License-Identifier: BSD-3-Clause
// A reservation's end: its intent becomes the finished record, or id and name are given back.
#include "libchaos/state/registry.hpp"
#include "libchaos/state/state_files.hpp"

namespace chaos {

Reservation::Reservation(Reservation&& other) noexcept
    : registry_(other.registry_), id_(other.id_), intent_(std::move(other.intent_)),
      name_(std::move(other.name_)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
    std::swap(registry_, other.registry_);
    std::swap(id_, other.id_);
    std::swap(intent_, other.intent_);
    std::swap(name_, other.name_);
    return *this;
}

// The link goes first: as long as the intent is there and locked, nobody else may touch a link that points to
// it. Killed in between, an intent without a link remains, which leftover() finds.
Reservation::~Reservation() {
    if (!intent_.is_open())
        return;
    if (!name_.empty())
        (void)state_files::unlink(registry_->names_.get(), name_.c_str());
    (void)state_files::unlink(registry_->guests_.get(), state_files::FileName(id_).c_str());
}

Result<void> Reservation::announce_uuid(const Uuid& uuid, const Uuid& next_uuid) {
    auto file = state_files::replace_intent(registry_->guests_.get(), id_, Intent{name_, uuid, next_uuid});
    if (!file)
        return std::move(file).error().while_doing("announcing the UUID of guest " + name_);
    intent_ = std::move(*file);
    return {};
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
