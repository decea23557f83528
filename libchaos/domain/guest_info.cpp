// SPDX-License-Identifier: BSD-3-Clause
// What can be told of a domain without asking anybody.
#include "libchaos/domain/query.hpp"

namespace chaos {

std::string GuestInfo::name() const {
    if (record)
        return record->config.name;
    return domain.id == this_domain ? "Domain-0" : "";
}

} // namespace chaos
