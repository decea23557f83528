// SPDX-License-Identifier: BSD-3-Clause
// A record changed under its lock, which passes from the old file to the new one.
#include "libchaos/state/registry.hpp"
#include "libchaos/state/state_files.hpp"

namespace chaos {

using namespace state_files;

Result<RecordChange> Registry::change(DomainId id, const Uuid& uuid) {
    const auto attempt = [&]() -> Result<RecordChange> {
        OpenRecord opened = TRY(open_record(guests_.get(), id, Lock::exclusive));
        if (!opened.exists)
            return Error(ErrorKind::not_found, "there is none");
        Contents contents = TRY(read_contents(opened.file.get(), id));
        auto* record = std::get_if<GuestRecord>(&contents);
        if (!record || record->uuid != uuid)
            return Error(ErrorKind::not_found, "it is not that of this guest");
        return RecordChange(*this, std::move(opened.file), std::move(*record));
    };
    return attempt().while_doing("changing " + record_path(id));
}

Result<void> RecordChange::save() {
    auto file = replace_and_lock_record(registry_->guests_.get(), record);
    if (!file)
        return std::move(file).error().while_doing("changing the record of guest " + record.config.name);
    lock_ = std::move(*file);
    return {};
}

} // namespace chaos
