// SPDX-License-Identifier: BSD-3-Clause
// The kinds of failure by name, for the wire.
#include <array>
#include <utility>

#include "libchaos/devices/protocol.hpp"

namespace chaos::devices {

namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 13> names{{
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
}};

} // namespace

std::string_view to_text(ErrorKind kind) {
    for (const auto& [known, name] : names) {
        if (known == kind)
            return name;
    }
    return "system";
}

ErrorKind error_kind(std::string_view text) {
    for (const auto& [kind, name] : names) {
        if (name == text)
            return kind;
    }
    return ErrorKind::system;
}

} // namespace chaos::devices
