// SPDX-License-Identifier: BSD-3-Clause
// chaos info: what the host has, in the lines of `xl info`.
#include <sys/utsname.h>

#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/served_devices.hpp"
#include "chaos/verbs.hpp"
#include "chaos/version.hpp"

namespace chaos::cli {

namespace {

std::string line(const char* name, const std::string& value) {
    return format("%-23s: %s\n", name, value.c_str());
}

/// What guests the host can run, in xl's words.
std::string capabilities(const xen::HostInfo& host) {
    std::string words;
    if (host.pv)
        words += "pv ";
    if (host.hap)
        words += "hvm hap ";
    if (!words.empty())
        words.pop_back();
    return words;
}

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Host& handles = *TRY(context.host());
    const xen::HostInfo host = TRY(handles.control().host_info());
    const std::optional<ServedDevices> served = TRY(ask_xendevd(handles));
    if (arguments.has("devices"))
        TRY(handles.needed_devices());
    if (arguments.has("devices") && !context.json) {
        TRY(print(device_table(*served)));
        return ExitCode::success;
    }
    utsname system{};
    ::uname(&system); // cannot fail with a valid buffer
    if (context.json) {
        TRY(print_json(Json{{"host", system.nodename},
                            {"release", system.release},
                            {"machine", system.machine},
                            {"nr_cpus", host.cpus},
                            {"cores_per_socket", host.cores_per_socket},
                            {"threads_per_core", host.threads_per_core},
                            {"cpu_khz", host.cpu_khz},
                            {"hap", host.hap},
                            {"pv", host.pv},
                            {"total_memory_kib", host.total_memory_kib},
                            {"free_memory_kib", host.free_memory_kib},
                            {"claimed_memory_kib", host.claimed_memory_kib},
                            {"domains", host.domains},
                            {"xen_version", host.xen_version},
                            {"xen_commandline", host.xen_commandline},
                            {"chaos_version", version},
                            {"xendevd", served ? json_of(*served) : Json(nullptr)}}));
        return ExitCode::success;
    }
    std::string lines = line("host", system.nodename);
    lines += line("release", system.release);
    lines += line("version", system.version);
    lines += line("machine", system.machine);
    lines += line("nr_cpus", std::to_string(host.cpus));
    lines += line("cores_per_socket", std::to_string(host.cores_per_socket));
    lines += line("threads_per_core", std::to_string(host.threads_per_core));
    lines += line("cpu_mhz", format("%.3f", host.cpu_khz / 1000.0));
    lines += line("virt_caps", capabilities(host));
    lines += line("total_memory", std::to_string(host.total_memory_kib / 1024));
    lines += line("free_memory", std::to_string(host.free_memory_kib / 1024));
    lines += line("outstanding_claims", std::to_string(host.claimed_memory_kib / 1024));
    lines += line("nr_domains", std::to_string(host.domains));
    lines += line("xen_version", host.xen_version);
    lines += line("xen_commandline", host.xen_commandline);
    lines += line("chaos_version", version);
    lines += line("xendevd", served ? summary_of(*served) : "not running");
    if (served) {
        lines += line("vif_traffic", traffic_of(*served, "vif", "frames from guests", "to them"));
        lines += line("vbd_traffic", traffic_of(*served, "vbd", "writes", "reads"));
    }
    TRY(print(lines));
    return ExitCode::success;
}

constexpr const char* text[] = {
    "Prints facts about the host as 'name : value' lines, under the names that 'xl info' uses where it has "
    "them. Memory is in MiB; outstanding_claims is memory that is free but promised to guests being made. If xendevd "
    "runs, the last lines tell what it serves and how much went through it since it was started."};
constexpr Option options[] = {
    {'d', "devices", Takes::nothing, nullptr,
     "Print a table of all devices with their counters instead, the busiest first."},
};
constexpr Example examples[] = {
    {"chaos info", "Show the host."},
    {"chaos info -d", "Show which device is busiest."},
    {"chaos info --json | jq .free_memory_kib", "How much memory new guests can have, in KiB."}};
constexpr ExitCode exits[] = {ExitCode::host};
constexpr JsonField fields[] = {
    {"host, release, machine", "Name, kernel release and architecture of the control domain."},
    {"nr_cpus", "Physical CPUs."},
    {"cores_per_socket, threads_per_core", "How they are arranged."},
    {"cpu_khz", "Their clock."},
    {"hap, pv", "Whether PVH guests, and PV guests, can run."},
    {"total_memory_kib, free_memory_kib, claimed_memory_kib",
     "The host's memory, what is free, and how much of that is promised."},
    {"domains", "How many domains there are."},
    {"xen_version, xen_commandline", "The hypervisor and how it was booted."},
    {"chaos_version", "The version of chaos."},
    {"xendevd",
     "null if it does not run, else version, pid, guests, devices (how many), vif_counters and "
     "vbd_counters (sums), and device_list, whose members are those of network-list and block-list, with "
     "guest, domain and type."},
};

} // namespace

constinit const Verb info_verb = {.name = "info",
                                  .summary = "Show facts about this host",
                                  .text = text,
                                  .options = options,
                                  .positionals = {},
                                  .examples = examples,
                                  .exits = exits,
                                  .json_fields = fields,
                                  .run = run};

} // namespace chaos::cli
