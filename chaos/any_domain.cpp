// SPDX-License-Identifier: BSD-3-Clause
// The quick look-up first; all domains are walked only for one that chaos did not make.
#include "chaos/any_domain.hpp"

namespace chaos::cli {

Result<GuestInfo> find_any(Host& host, std::string_view name_id_or_uuid) {
    auto guest = chaos::find(host, name_id_or_uuid);
    if (guest || guest.error().kind() != ErrorKind::not_found)
        return guest;
    for (GuestInfo& domain : TRY(chaos::list(host))) {
        const bool meant = std::to_string(raw(domain.domain.id)) == name_id_or_uuid ||
                           Uuid{domain.domain.handle}.to_string() == name_id_or_uuid ||
                           (!domain.name().empty() && domain.name() == name_id_or_uuid);
        if (meant)
            return std::move(domain);
    }
    return guest;
}

} // namespace chaos::cli
