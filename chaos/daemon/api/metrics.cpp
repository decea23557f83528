// SPDX-License-Identifier: BSD-3-Clause
// Prometheus' text format 0.0.4, written by hand: the library that writes it exists as a shared one only, and is larger
// than this file.
#include "chaos/daemon/api/metrics.hpp"

#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "chaos/daemon/api/api.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::daemon::api {
namespace {

void head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

/// As it may stand between the quotes of a label.
std::string escaped(std::string_view value) {
    std::string result;
    for (const char c : value) {
        if (c == '\\' || c == '"')
            result += '\\';
        result += c == '\n' ? ' ' : c;
    }
    return result;
}

std::string label(std::string_view name, std::string_view value) {
    return std::string(name) + "=\"" + escaped(value) + "\"";
}

void line(std::string& text, std::string_view name, std::string_view labels, std::string_view value) {
    text.append(name);
    if (!labels.empty())
        text.append("{").append(labels).append("}");
    text.append(" ").append(value).append("\n");
}

void line(std::string& text, std::string_view name, std::string_view labels, std::uint64_t value) {
    line(text, name, labels, std::to_string(value));
}

std::string seconds(std::uint64_t us) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<double>(us) / 1e6,
                                   std::chars_format::fixed);
    return {digits, end.ptr};
}

} // namespace

void Histogram::add(std::uint64_t us) {
    std::size_t bucket = 0;
    while (bucket < ends.size() && us > ends[bucket])
        ++bucket;
    ++counts_[bucket];
    sum_us_ += us;
}

void Histogram::write(std::string& text, const std::string& name, const std::string& labels) const {
    std::uint64_t below = 0;
    for (std::size_t bucket = 0; bucket <= ends.size(); ++bucket) {
        below += counts_[bucket];
        const std::string end = bucket < ends.size() ? seconds(ends[bucket]) : "+Inf";
        line(text, name + "_bucket", labels + ",le=\"" + end + "\"", below);
    }
    line(text, name + "_sum", labels, seconds(sum_us_));
    line(text, name + "_count", labels, below);
}

void CreateMetrics::made(const MadeGuest& made) {
    ++(made.hit ? hit_ : missed_);
    Phases& phases = made.hit ? hits_ : misses_;
    phases.queued.add(made.queued_us);
    if (!made.hit)
        phases.prepare.add(made.guest.times.prepare_us);
    phases.execute.add(made.guest.times.execute_us);
    if (made.guest.times.ready_us > 0)
        phases.ready.add(made.guest.times.ready_us);
    phases.total.add(made.total_us);
}

void CreateMetrics::write(std::string& text) const {
    head(text, "chaosd_creates_total", "counter", "Guests asked for, by what became of that.");
    line(text, "chaosd_creates_total", "result=\"hit\"", hit_);
    line(text, "chaosd_creates_total", "result=\"miss\"", missed_);
    line(text, "chaosd_creates_total", "result=\"failed\"", failed_);
    const std::string name = "chaosd_create_seconds";
    head(text, name, "histogram", "Time that guests took to make, by phase.");
    for (const auto& [result, phases] : {std::pair{"hit", &hits_}, {"miss", &misses_}})
        for (const auto& [phase, histogram] : {std::pair{"queued", &phases->queued},
                                               {"prepare", &phases->prepare},
                                               {"execute", &phases->execute},
                                               {"ready", &phases->ready},
                                               {"total", &phases->total}})
            histogram->write(text, name, label("result", result) + "," + label("phase", phase));
}

void write_metrics(std::string& text, const std::vector<PoolStatus>& pools) {
    struct Column {
        const char* name;
        const char* type;
        const char* help;
        std::uint64_t (*value)(const PoolStatus&);
    };
    constexpr Column columns[] = {
        {"chaosd_pool_depth", "gauge", "Shells ready to be handed out.",
         [](const PoolStatus& pool) { return std::uint64_t{pool.depth}; }},
        {"chaosd_pool_preparing", "gauge", "Shells being prepared.",
         [](const PoolStatus& pool) { return std::uint64_t{pool.preparing}; }},
        {"chaosd_pool_min", "gauge", "Shells kept when memory is short.",
         [](const PoolStatus& pool) { return std::uint64_t{pool.spec.min}; }},
        {"chaosd_pool_max", "gauge", "Shells kept otherwise.",
         [](const PoolStatus& pool) { return std::uint64_t{pool.spec.max}; }},
        {"chaosd_pool_draining", "gauge", "1 if it is drained.",
         [](const PoolStatus& pool) { return std::uint64_t{pool.draining}; }},
        {"chaosd_pool_memory_bytes", "gauge", "Memory of the host held by its shells.",
         [](const PoolStatus& pool) { return pool.memory_kib * 1024; }},
        {"chaosd_pool_hits_total", "counter", "Guests made in a shell of it.",
         [](const PoolStatus& pool) { return pool.hits; }},
        {"chaosd_pool_misses_total", "counter", "Guests that found it empty.",
         [](const PoolStatus& pool) { return pool.misses; }},
        {"chaosd_pool_prepared_total", "counter", "Shells prepared.",
         [](const PoolStatus& pool) { return pool.prepared; }},
        {"chaosd_pool_failed_total", "counter", "Shells that could not be prepared.",
         [](const PoolStatus& pool) { return pool.failed; }},
        {"chaosd_pool_dropped_total", "counter", "Shells destroyed unused.",
         [](const PoolStatus& pool) { return pool.dropped; }},
    };
    for (const Column& column : columns) {
        head(text, column.name, column.type, column.help);
        for (const PoolStatus& pool : pools)
            line(text, column.name, label("flavour", pool.flavour), column.value(pool));
    }
}

void write_metrics(std::string& text, const HostStatus& host) {
    const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
        head(text, name, "gauge", help);
        line(text, name, "", value);
    };
    head(text, "chaosd_info", "gauge", "Always 1.");
    line(text, "chaosd_info", label("version", host.version) + "," + label("xen_version", host.xen_version),
         1);
    gauge("chaosd_host_memory_bytes", "Memory of the host.", host.total_memory_kib * 1024);
    gauge("chaosd_host_memory_free_bytes", "Memory of the host that nobody has.",
          host.free_memory_kib * 1024);
    gauge("chaosd_host_memory_shells_bytes", "Memory of the host held by shells.",
          host.shells_memory_kib * 1024);
    gauge("chaosd_host_cpus", "CPUs of the host.", host.cpus);
    gauge("chaosd_host_domains", "Domains, dom0 and shells included.", host.domains);
    gauge("chaosd_host_shells", "Shells of all pools.", host.shells);
    gauge("chaosd_xendevd_up", "1 if xendevd answers.", host.xendevd);
    gauge("chaosd_uptime_seconds", "Time since chaosd began.", host.uptime_ms / 1000);
}

void write_metrics(std::string& text, const std::vector<devices::GuestStatus>& guests) {
    using devices::Counters;
    struct Column {
        const char* name;
        const char* help;
        std::uint64_t Counters::*value;
    };
    constexpr Column columns[] = {
        {"chaosd_device_from_guest_bytes_total", "Bytes sent or written by the guest.",
         &Counters::from_guest_bytes},
        {"chaosd_device_from_guest_operations_total", "Packets sent or requests to write by the guest.",
         &Counters::from_guest_operations},
        {"chaosd_device_to_guest_bytes_total", "Bytes received or read by the guest.",
         &Counters::to_guest_bytes},
        {"chaosd_device_to_guest_operations_total", "Packets received or requests to read by the guest.",
         &Counters::to_guest_operations},
        {"chaosd_device_from_guest_dropped_total", "Packets of the guest that were dropped.",
         &Counters::from_guest_dropped},
        {"chaosd_device_to_guest_dropped_total", "Packets for the guest that were dropped.",
         &Counters::to_guest_dropped},
        {"chaosd_device_errors_total", "Requests of the guest that failed.", &Counters::errors},
    };
    const std::vector<devices::DeviceStatus> nothing; // that a shell could have counted
    std::vector<std::pair<std::string, const Counters*>> devices;
    for (const devices::GuestStatus& guest : guests)
        for (const devices::DeviceStatus& device : guest.shell ? nothing : guest.devices)
            devices.emplace_back(
                label("guest", guest.name) + "," + label("domain", std::to_string(raw(guest.domain))) + "," +
                    label("type", device.type) + "," + label("device", std::to_string(device.id)),
                &device.counters);
    for (const Column& column : columns) {
        head(text, column.name, "counter", column.help);
        for (const auto& [labels, counters] : devices)
            line(text, column.name, labels, counters->*column.value);
    }
}

void write_process_metrics(std::string& text) {
    const UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    char contents[128] = {};
    unsigned long virtual_pages = 0, resident_pages = 0;
    if (!file.is_open() || ::read(file.get(), contents, sizeof contents - 1) <= 0 ||
        std::sscanf(contents, "%lu %lu", &virtual_pages, &resident_pages) != 2)
        return;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    head(text, "process_resident_memory_bytes", "gauge", "Memory of chaosd itself.");
    line(text, "process_resident_memory_bytes", "", resident_pages * page);
    head(text, "process_virtual_memory_bytes", "gauge", "Addresses that chaosd itself uses.");
    line(text, "process_virtual_memory_bytes", "", virtual_pages * page);
}

void Api::show_metrics(Call call) {
    // Devices last, because xendevd may not answer: the rest is told all the same.
    service_.devices("", [this, call = std::move(call)](Result<std::vector<devices::GuestStatus>> guests) {
        Response response;
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        std::string& text = response.body;
        create_metrics_.write(text);
        write_metrics(text, service_.pools());
        if (const auto host = service_.host())
            write_metrics(text, *host);
        write_process_metrics(text);
        if (guests)
            write_metrics(text, *guests);
        call.answer(std::move(response));
    });
}

} // namespace chaos::daemon::api
