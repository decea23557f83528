// SPDX-License-Identifier: BSD-3-Clause
// How guests, configurations and failures become JSON.
#include "chaos/json.hpp"

#include "chaos/exit_code.hpp"
#include "chaos/guest_text.hpp"
#include "chaos/output.hpp"
#include "libchaos/json/config_json.hpp"

namespace chaos::cli {

namespace {

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
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
        {"shell", guest.shell},
    };
}

Json json_of(const GuestConfig& config) {
    return Json::parse(json::to_json(config));
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
