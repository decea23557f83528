// SPDX-License-Identifier: BSD-3-Clause
// One request for one guest or for many, and the way back when a signal comes too late for the daemon to see.
#include "chaos/create_by_daemon.hpp"

#include <unistd.h>

#include "chaos/output.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::cli {

namespace {

std::string body_of(const GuestConfig& config, const CreateWish& wish) {
    json::Writer writer(640);
    writer.open('{');
    writer.key("config");
    writer.open('{');
    json::write_members(writer, config);
    writer.close('}');
    if (!wish.flavour.empty())
        writer.member("flavour", wish.flavour);
    if (wish.paused)
        writer.flag("paused", true);
    if (wish.wait)
        writer.member("wait_ms", static_cast<std::uint64_t>(wish.wait->count()));
    if (wish.count > 1)
        writer.member("count", wish.count);
    writer.close('}');
    return std::move(writer).finish();
}

Result<MadeGuest> read_made(const json::Value& value) {
    const json::Fields fields = TRY(json::Fields::of(value, "a guest"));
    MadeGuest made;
    made.by_daemon = true;
    made.guest.name = TRY(fields.guest_name());
    made.guest.id = DomainId{static_cast<std::uint16_t>(TRY(fields.number("id", 1, 32751)))};
    made.guest.uuid = TRY(fields.uuid("uuid"));
    made.hit = TRY(fields.boolean("hit"));
    if (const auto* pool = fields.find("pool"); pool && !pool->is_null())
        made.pool = TRY(fields.text("pool"));
    const json::Value* times = fields.find("phases");
    if (!times)
        return json::wrong("phases is missing");
    const json::Fields phases = TRY(json::Fields::of(*times, "phases"));
    constexpr std::uint64_t any = json::any<std::uint64_t>;
    made.queued_us = TRY(phases.number("queued_us", 0, any));
    made.guest.times.prepare_us = TRY(phases.number("prepare_us", 0, any));
    made.guest.times.execute_us = TRY(phases.number("execute_us", 0, any));
    if (const auto* ready = phases.find("ready_us"); ready && !ready->is_null())
        made.guest.times.ready_us = TRY(phases.number("ready_us", 0, any));
    made.total_us = TRY(phases.number("total_us", 0, any));
    return made;
}

Result<std::vector<MadeGuest>> read_all_made(const std::string& answer, bool many) {
    const json::Document document(answer);
    std::vector<MadeGuest> made;
    if (!many) {
        made.push_back(TRY(read_made(document.root())));
        return made;
    }
    const json::Fields fields = TRY(json::Fields::of(document.root(), "it"));
    const json::Value* guests = TRY(fields.list("guests", 32751));
    if (!guests)
        return json::wrong("guests is missing");
    for (const json::Value& guest : *guests)
        made.push_back(TRY(read_made(guest)));
    return made;
}

/// Destroys what was made before anybody knew that it was not wanted any more.
Error undo(DaemonClient& client, const std::vector<MadeGuest>& made) {
    std::string remaining;
    for (auto one = made.rbegin(); one != made.rend(); ++one) {
        const auto gone = client.ask("DELETE", "/v1/guests/" + one->guest.uuid.to_string(), {});
        if (!gone && gone.error().kind() != ErrorKind::not_found) {
            report(gone.error());
            remaining += " " + one->guest.name;
        }
    }
    return {ErrorKind::interrupted,
            remaining.empty()
                ? "interrupted; what was made was destroyed again"
                : "interrupted; of the guests made so far, these could not be destroyed:" + remaining};
}

void make_absolute(std::string& path, const std::string& here) {
    if (!path.empty() && path.front() != '/')
        path = here + "/" + path;
}

} // namespace

Result<void> make_paths_absolute(GuestConfig& config) {
    bool relative =
        config.kernel.front() != '/' || (!config.ramdisk.empty() && config.ramdisk.front() != '/');
    for (const DiskConfig& disk : config.disks)
        relative = relative || disk.path.front() != '/';
    if (!relative)
        return {};
    char here[4096];
    if (!::getcwd(here, sizeof here))
        return Error::from_errno("getcwd", errno).while_doing("making paths absolute");
    make_absolute(config.kernel, here);
    make_absolute(config.ramdisk, here);
    for (DiskConfig& disk : config.disks)
        make_absolute(disk.path, here);
    return {};
}

Result<std::vector<MadeGuest>> create_by_daemon(DaemonClient& client, GuestConfig config,
                                                const CreateWish& wish, const StopSignals& signals,
                                                bool told) {
    TRY(make_paths_absolute(config));
    const bool many = wish.count > 1;
    const std::string answer = TRY(
        client.ask("POST", many ? "/v1/guests/batch" : "/v1/guests", body_of(config, wish), signals.fd()));
    const bool unwanted = signals.arrived();
    if (!told && !unwanted)
        return std::vector<MadeGuest>();
    auto made = read_all_made(answer, many);
    if (!made)
        return std::move(made).error().while_doing("reading what chaosd has made");
    if (unwanted)
        return undo(client, *made);
    return made;
}

} // namespace chaos::cli
