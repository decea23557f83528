// SPDX-License-Identifier: BSD-3-Clause
// What the verbs for vifs and those for disks share.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/device_text.hpp"
#include "chaos/json.hpp"
#include "chaos/targets.hpp"
#include "libchaos/domain/attach.hpp"

namespace chaos::cli {

/// The words from that place on with commas between them: one item, as xl takes it.
std::string joined(const std::vector<std::string>& words, std::size_t from);

/// An item that is wrong on the command line is a wrong command line, and not a wrong configuration.
template<typename T>
Result<T> as_argument(Result<T> parsed) {
    if (!parsed)
        return std::move(parsed).error().as(ErrorKind::invalid_argument);
    return parsed;
}

/// While making something, what is not found is no guest: it is what the configuration names, such as a bridge.
template<typename T>
Result<T> as_configuration(Result<T> made) {
    if (!made && made.error().kind() == ErrorKind::not_found)
        return std::move(made).error().as(ErrorKind::invalid_config);
    return made;
}

/// Prints {"guests": [{name, id, uuid, device}]}.
Result<void> print_changed_device(const GuestInfo& guest, Json device);

using FindDevice = Result<std::uint32_t>(const GuestRecord& record, std::string_view text);
/// Takes the device that the second word names away from the guest that the first one names.
Result<ExitCode> detach_device(Context& context, const Arguments& arguments, devices::DeviceType type,
                               FindDevice& find_device);

/// Prints the devices of that type of each guest; a guest that is not there does not keep the others from being
/// listed.
Result<ExitCode> list_devices(Context& context, const std::vector<std::string>& names,
                              devices::DeviceType type);

inline constexpr Option detach_options[] = {
    {'f', "force", Takes::nothing, nullptr,
     "Do not ask the guest: it loses the device at once, and what it had under way."},
    {0, "timeout", Takes::value, "SECONDS", "How long the guest may take to let go; 10 if not given."},
};
inline constexpr JsonField changed_device_fields[] = {
    {"guests[].name", "The guest's name."},
    {"guests[].id", "Its domain id."},
    {"guests[].uuid", "Its UUID."},
    {"guests[].device", "The device: type (vif or vbd), id, and of one that is new mac, or vdev and path."},
};
inline constexpr ExitCode attach_exits[] = {ExitCode::configuration, ExitCode::host, ExitCode::no_such_guest,
                                            ExitCode::guest_failed};
inline constexpr ExitCode list_exits[] = {ExitCode::host, ExitCode::no_such_guest};
inline constexpr ExitCode detach_exits[] = {ExitCode::host, ExitCode::no_such_guest, ExitCode::guest_failed,
                                            ExitCode::timed_out, ExitCode::interrupted};

} // namespace chaos::cli
