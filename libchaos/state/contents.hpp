// SPDX-License-Identifier: BSD-3-Clause
// What a file in <state directory>/guests can hold: the intent of a guest being made, or a finished record.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libchaos/config/uuid.hpp"
#include "libchaos/result.hpp"
#include "libchaos/state/record.hpp"

namespace chaos {

/// Who a guest that is being made is going to be: what a clean-up after a killed process needs.
struct Intent {
    std::string name; ///< empty: that of a shell, whose name comes later and is not written here
    Uuid uuid;
    /// What its domain's handle is changed to just now, so that it may be either.
    std::optional<Uuid> next_uuid = {};
};

using Contents = std::variant<Intent, GuestRecord>;

std::string to_json(const Intent& intent);
/// Takes the text for hostile: anything but a whole intent or record is an Error that says what is wrong with
/// it.
Result<Contents> contents_from_json(std::string_view text);

} // namespace chaos
