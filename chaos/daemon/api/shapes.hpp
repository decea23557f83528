// SPDX-License-Identifier: BSD-3-Clause
// What the API tells of guests, devices, flavours, pools, the host and events, as JSON.
#pragma once

#include "chaos/daemon/service.hpp"
#include "libchaos/json/writer.hpp"

namespace chaos::daemon::api {

std::string_view name_of(EventKind kind); ///< "shell_ready"
constexpr std::size_t event_kinds = 8;

void write(json::Writer& writer, const GuestInfo& guest, bool with_config);
void write(json::Writer& writer, const MadeGuest& made);
void write(json::Writer& writer, const devices::GuestStatus& guest);
void write(json::Writer& writer, const FlavourSpec& flavour);
void write(json::Writer& writer, const PoolStatus& pool);
void write(json::Writer& writer, const HostStatus& host);
void write(json::Writer& writer, const Event& event);

/// One of the above by itself.
template<typename What, typename... More>
std::string to_json(const What& what, More... more) {
    json::Writer writer(512);
    write(writer, what, more...);
    return std::move(writer).finish();
}

/// {"NAME":[…]}
template<typename What, typename... More>
std::string list_json(std::string_view name, const std::vector<What>& list, More... more) {
    json::Writer writer(64 + 384 * list.size());
    writer.open('{');
    writer.key(name);
    writer.open('[');
    for (const What& what : list)
        write(writer, what, more...);
    writer.close(']');
    writer.close('}');
    return std::move(writer).finish();
}

} // namespace chaos::daemon::api
