// SPDX-License-Identifier: BSD-3-Clause
// The hypervisor is the truth: a record without its domain goes, a half-made domain without its maker goes.
#include "libchaos/domain/reconcile.hpp"

#include "libchaos/domain/xenstore_mode.hpp"

namespace chaos {

namespace {

/// A host without xenstored has nothing there to tidy.
Result<void> tidy_xenstore(Host& host, DomainId id, const Uuid& uuid) {
    if (!host.xenstored().connect())
        return {};
    return end_registered(host, id, uuid, Ending::without_domain);
}

} // namespace

Result<bool> forget_if_gone(Host& host, DomainId id) {
    // The registry is asked before the hypervisor: what is recorded had its domain by then, so a domain that
    // is not there afterwards is gone. The other way round it may have been made in between.
    if (const auto leftover = TRY(host.registry().leftover(id))) {
        const auto domain = TRY(host.control().domain_info(id));
        // Only a domain that carries the UUID of the intent is ours: the id may have gone to another
        // toolstack.
        const auto is = [&](const Uuid& uuid) { return domain && domain->handle == uuid.bytes; };
        if (is(leftover->uuid) || (leftover->next_uuid && is(*leftover->next_uuid))) {
            if (auto devices = host.devices(); devices && *devices)
                (void)(*devices)->forget(id); // or what it maps would keep the domain as a zombie
            TRY(host.control().destroy(id));
        }
        TRY(tidy_xenstore(host, id, leftover->uuid));
        if (leftover->next_uuid)
            TRY(tidy_xenstore(host, id, *leftover->next_uuid));
        TRY(host.registry().remove(id, leftover->uuid));
        return true;
    }
    const auto record = TRY(host.registry().record(id));
    if (!record)
        return false;
    const auto domain = TRY(host.control().domain_info(id));
    if (domain && domain->handle == record->uuid.bytes)
        return false;
    if (record->config.store == StoreMode::xenstore)
        TRY(tidy_xenstore(host, id, record->uuid));
    TRY(host.registry().remove(id, record->uuid));
    return true;
}

Result<bool> forget_if_gone(Host& host, std::string_view name) {
    const auto id = TRY(host.registry().id_of(name));
    return id ? forget_if_gone(host, *id) : Result<bool>(true);
}

} // namespace chaos
