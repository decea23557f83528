// SPDX-License-Identifier: BSD-3-Clause
// One table for both directions.
#include "libchaos/devices/error_names.hpp"

#include <utility>

namespace chaos::devices {
namespace {

constexpr std::pair<ErrorKind, std::string_view> names[] = {
    {ErrorKind::system, "system"},
    {ErrorKind::invalid_argument, "invalid_argument"},
    {ErrorKind::invalid_config, "invalid_config"},
    {ErrorKind::invalid_image, "invalid_image"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::name_taken, "name_taken"},
    {ErrorKind::not_permitted, "not_permitted"},
    {ErrorKind::not_on_xen, "not_on_xen"},
    {ErrorKind::wrong_version, "wrong_version"},
    {ErrorKind::out_of_memory, "out_of_memory"},
    {ErrorKind::guest_failed, "guest_failed"},
    {ErrorKind::timed_out, "timed_out"},
    {ErrorKind::interrupted, "interrupted"},
};

} // namespace

std::string_view name_of(ErrorKind kind) {
    for (const auto& [known, name] : names)
        if (known == kind)
            return name;
    return "system";
}

std::optional<ErrorKind> error_kind(std::string_view name) {
    for (const auto& [kind, known] : names)
        if (known == name)
            return kind;
    return std::nullopt;
}

} // namespace chaos::devices
