// SPDX-License-Identifier: BSD-3-Clause
// How guests, configurations and failures become JSON.
#include "chaos/json.hpp"

#include "chaos/exit_code.hpp"
#include "chaos/guest_text.hpp"
#include "chaos/output.hpp"

namespace chaos::cli {

namespace {

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json json_of(const std::vector<CpuSet>& sets) {
    Json lists = Json::array();
    for (const CpuSet& set : sets) {
        Json list = Json::array();
        for (std::size_t cpu = 0; cpu < set.size(); ++cpu)
            if (set.test(cpu))
                list.push_back(cpu);
        lists.push_back(std::move(list));
    }
    return lists;
}

Json json_of(const RateLimit& rate) {
    if (rate == RateLimit{})
        return nullptr;
    return {{"bytes_per_second", rate.bytes_per_second},
            {"operations_per_second", rate.operations_per_second},
            {"interval_us", rate.interval_us}};
}

Json json_of(const VifConfig& vif) {
    return {
        {"mac", vif.mac ? Json(to_text(*vif.mac)) : Json(nullptr)},
        {"bridge", or_null(vif.bridge)},
        {"vlan", vif.vlan ? Json(*vif.vlan) : Json(nullptr)},
        {"vifname", or_null(vif.device_name)},
        {"mtu", vif.mtu != 0 ? Json(vif.mtu) : Json(nullptr)},
        {"ip", vif.ipv4 ? Json(to_text(*vif.ipv4) + "/" + std::to_string(vif.ipv4_prefix)) : Json(nullptr)},
        {"gateway", vif.gateway ? Json(to_text(*vif.gateway)) : Json(nullptr)},
        {"rate", json_of(vif.rate)},
    };
}

Json json_of(const DiskConfig& disk) {
    return {
        {"target", disk.path},   {"vdev", disk.device_name}, {"access", disk.read_only ? "r" : "rw"},
        {"direct", disk.direct}, {"discard", disk.discard},  {"rate", json_of(disk.rate)},
    };
}

template<typename Device>
Json json_of(const std::vector<Device>& devices) {
    Json list = Json::array();
    for (const Device& device : devices)
        list.push_back(json_of(device));
    return list;
}

const char* word_of(StoreMode store) {
    switch (store) {
    case StoreMode::automatic:
        return "auto";
    case StoreMode::none:
        return "none";
    case StoreMode::private_store:
        return "private";
    }
    return "";
}

} // namespace

Json json_of(const Error& error) {
    return {{"kind", name_of(error.kind())}, {"message", error.story()}, {"advice", or_null(error.advice())}};
}

Json json_of(const GuestInfo& guest) {
    const xen::DomainInfo& domain = guest.domain;
    const bool stopped = domain.shutdown && !domain.dying;
    return {
        {"name", or_null(guest.name())},
        {"id", raw(domain.id)},
        {"uuid", Uuid{domain.handle}.to_string()},
        {"type", domain.pvh ? "pvh" : "pv"},
        {"state", state_word(domain)},
        {"shutdown_reason", stopped ? Json(word_of(domain.shutdown_reason)) : Json(nullptr)},
        {"memory_kib", domain.memory_kib},
        {"vcpus", domain.vcpus},
        {"cpu_seconds", static_cast<double>(domain.cpu_time_ns) / 1e9},
        {"created_unix_ms", guest.record ? Json(guest.record->created_unix_ms) : Json(nullptr)},
        {"made_by_chaos", guest.record.has_value()},
    };
}

Json json_of(const GuestConfig& config) {
    return {
        {"name", config.name},
        {"type", config.type == GuestType::pvh ? "pvh" : "pv"},
        {"kernel", config.kernel},
        {"ramdisk", or_null(config.ramdisk)},
        {"cmdline", config.command_line},
        {"memory_kib", config.memory_kib},
        {"vcpus", config.vcpus},
        {"cpus", json_of(config.cpus)},
        {"cpus_soft", json_of(config.cpus_soft)},
        {"uuid", config.uuid ? Json(config.uuid->to_string()) : Json(nullptr)},
        {"max_event_channels", config.max_event_channels},
        {"max_grant_frames", config.max_grant_frames},
        {"vif", json_of(config.vifs)},
        {"disk", json_of(config.disks)},
        {"store", word_of(config.store)},
    };
}

Json xl_json_of(const GuestInfo& guest) {
    const xen::DomainInfo& domain = guest.domain;
    const std::string type = domain.pvh ? "pvh" : "pv";
    Json create_info = {{"type", type}, {"uuid", Uuid{domain.handle}.to_string()}};
    if (!guest.name().empty())
        create_info["name"] = guest.name();
    Json build_info = {{"max_vcpus", domain.vcpus},
                       {"max_memkb", domain.max_memory_kib},
                       {"target_memkb", domain.memory_kib}};
    if (guest.record) {
        const GuestConfig& config = guest.record->config;
        build_info["max_vcpus"] = config.vcpus;
        build_info["max_memkb"] = config.memory_kib;
        build_info["kernel"] = config.kernel;
        if (!config.ramdisk.empty())
            build_info["ramdisk"] = config.ramdisk;
        build_info["cmdline"] = config.command_line;
        build_info["max_grant_frames"] = config.max_grant_frames;
        build_info["event_channels"] = config.max_event_channels;
    }
    build_info["type." + type] = Json::object();
    return {{"domid", raw(domain.id)}, {"config", {{"c_info", create_info}, {"b_info", build_info}}}};
}

Result<void> print_json(const Json& document, int indent) {
    // Names and command lines may hold any byte: what is not UTF-8 is replaced, because JSON cannot carry it.
    return print(document.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n");
}

} // namespace chaos::cli
