// SPDX-License-Identifier: BSD-3-Clause
// One function for each schema of openapi.yaml.
#include "chaos/daemon/api/shapes.hpp"

#include "chaos/guest_text.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::daemon::api {
namespace {

using json::Writer;

void write(Writer& writer, const devices::DeviceStatus& device) {
    writer.open('{');
    writer.text("type", device.type);
    writer.member("id", device.id);
    writer.text("state", device.state);
    const devices::Counters& counters = device.counters;
    writer.key("counters");
    writer.open('{');
    writer.member("from_guest_bytes", counters.from_guest_bytes);
    writer.member("from_guest_operations", counters.from_guest_operations);
    writer.member("to_guest_bytes", counters.to_guest_bytes);
    writer.member("to_guest_operations", counters.to_guest_operations);
    writer.member("from_guest_dropped", counters.from_guest_dropped);
    writer.member("to_guest_dropped", counters.to_guest_dropped);
    writer.member("errors", counters.errors);
    writer.close('}');
    writer.key("details");
    writer.open('{');
    for (const auto& [name, detail] : device.details) {
        writer.key(name);
        if (const auto* text = std::get_if<std::string>(&detail))
            writer.text(*text);
        else if (const auto* number = std::get_if<std::uint64_t>(&detail))
            writer.number(*number);
        else
            writer.boolean(std::get<bool>(detail));
    }
    writer.close('}');
    writer.close('}');
}

} // namespace

std::string_view name_of(EventKind kind) {
    switch (kind) {
    case EventKind::created:
        return "created";
    case EventKind::ready:
        return "ready";
    case EventKind::died:
        return "died";
    case EventKind::restarted:
        return "restarted";
    case EventKind::destroyed:
        return "destroyed";
    case EventKind::shell_ready:
        return "shell_ready";
    case EventKind::shell_failed:
        return "shell_failed";
    case EventKind::pool_changed:
        return "pool_changed";
    }
    return "created";
}

void write(Writer& writer, const GuestInfo& guest, bool with_config) {
    const xen::DomainInfo& domain = guest.domain;
    writer.open('{');
    writer.text_or_null("name", guest.name());
    writer.member("id", raw(domain.id));
    writer.text("uuid", Uuid{domain.handle}.to_string());
    writer.text("type", domain.pvh ? "pvh" : "pv");
    writer.text("state", cli::state_word(domain));
    writer.text_or_null("shutdown_reason",
                        domain.shutdown && !domain.dying ? cli::word_of(domain.shutdown_reason) : "");
    writer.member("memory_kib", domain.memory_kib);
    writer.member("vcpus", domain.vcpus);
    writer.key("cpu_seconds");
    writer.real(static_cast<double>(domain.cpu_time_ns) / 1e9);
    writer.key("created_unix_ms");
    if (guest.record)
        writer.number(guest.record->created_unix_ms);
    else
        writer.null();
    writer.flag("made_by_chaos", guest.record.has_value());
    if (with_config) {
        writer.key("config");
        if (guest.record)
            writer.raw(json::to_json(guest.record->current_config()));
        else
            writer.null();
    }
    writer.close('}');
}

void write(Writer& writer, const MadeGuest& made) {
    writer.open('{');
    writer.text("name", made.guest.name);
    writer.member("id", raw(made.guest.id));
    writer.text("uuid", made.guest.uuid.to_string());
    writer.flag("hit", made.hit);
    writer.text_or_null("pool", made.pool);
    writer.key("phases");
    writer.open('{');
    writer.member("queued_us", made.queued_us);
    writer.member("prepare_us", made.guest.times.prepare_us);
    writer.member("execute_us", made.guest.times.execute_us);
    writer.key("ready_us");
    if (made.guest.times.ready_us > 0)
        writer.number(made.guest.times.ready_us);
    else
        writer.null();
    writer.member("total_us", made.total_us);
    writer.close('}');
    writer.close('}');
}

void write(Writer& writer, const devices::GuestStatus& guest) {
    writer.open('{');
    writer.member("id", raw(guest.domain));
    writer.text("uuid", guest.uuid);
    writer.text_or_null("name", guest.name);
    writer.flag("console", guest.console);
    writer.key("devices");
    writer.open('[');
    for (const devices::DeviceStatus& device : guest.devices)
        write(writer, device);
    writer.close(']');
    writer.close('}');
}

void write(Writer& writer, const FlavourSpec& flavour) {
    writer.open('{');
    writer.text("name", flavour.name);
    writer.key("shape");
    writer.raw(json::to_json(flavour.shape));
    writer.member("disks", flavour.disks);
    writer.close('}');
}

void write(Writer& writer, const PoolStatus& pool) {
    writer.open('{');
    writer.text("flavour", pool.flavour);
    writer.member("min", pool.spec.min);
    writer.member("max", pool.spec.max);
    writer.key("per_second");
    writer.real(pool.spec.per_second);
    writer.member("depth", pool.depth);
    writer.member("preparing", pool.preparing);
    writer.flag("draining", pool.draining);
    writer.member("hits", pool.hits);
    writer.member("misses", pool.misses);
    writer.member("prepared", pool.prepared);
    writer.member("failed", pool.failed);
    writer.member("dropped", pool.dropped);
    writer.member("memory_kib", pool.memory_kib);
    writer.text_or_null("trouble", pool.trouble);
    writer.close('}');
}

void write(Writer& writer, const HostStatus& host) {
    writer.open('{');
    writer.text("version", host.version);
    writer.text("xen_version", host.xen_version);
    writer.member("total_memory_kib", host.total_memory_kib);
    writer.member("free_memory_kib", host.free_memory_kib);
    writer.member("shells_memory_kib", host.shells_memory_kib);
    writer.member("cpus", host.cpus);
    writer.member("domains", host.domains);
    writer.member("shells", host.shells);
    writer.flag("xendevd", host.xendevd);
    writer.member("uptime_ms", host.uptime_ms);
    writer.close('}');
}

/// What an event is not about is left out.
void write(Writer& writer, const Event& event) {
    writer.open('{');
    writer.text("kind", name_of(event.kind));
    writer.member("unix_ms", event.unix_ms);
    if (!event.guest.empty()) {
        writer.text("guest", event.guest);
        writer.member("id", raw(event.id));
        writer.text("uuid", event.uuid.to_string());
    }
    if (!event.flavour.empty())
        writer.text("flavour", event.flavour);
    if (!event.detail.empty())
        writer.text("detail", event.detail);
    writer.close('}');
}

} // namespace chaos::daemon::api
