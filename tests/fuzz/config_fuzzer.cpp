// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a configuration; what follows a zero byte are overrides.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/config/guest_config.hpp"

namespace {

void require(bool holds) {
    if (!holds)
        __builtin_trap();
}

/// Messages go to terminals: none of the input's control characters may reach them.
void check_error(const chaos::Error& error) {
    require(error.kind() == chaos::ErrorKind::invalid_config);
    const std::string story = error.story();
    require(!story.empty() && story.size() < 4096);
    for (const char c : story)
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

void check_affinity(const std::vector<chaos::CpuSet>& sets, std::uint32_t vcpus) {
    require(sets.empty() || sets.size() == 1 || sets.size() == vcpus);
    for (const auto& set : sets)
        require(set.any());
}

void check_config(const chaos::GuestConfig& config) {
    require(chaos::check_guest_name(config.name).has_value());
    require(config.memory_kib >= chaos::minimum_memory_kib && config.memory_kib <= chaos::maximum_memory_kib);
    require(config.memory_kib % 4 == 0);
    require(config.vcpus >= 1 && config.vcpus <= chaos::maximum_vcpus);
    require(!config.kernel.empty() && config.command_line.size() <= chaos::maximum_command_line);
    for (const auto* text : {&config.kernel, &config.ramdisk, &config.command_line})
        require(text->find('\0') == std::string::npos);
    require(config.max_grant_frames >= 1 && config.max_grant_frames <= 64);
    require(config.max_event_channels >= 1);
    check_affinity(config.cpus, config.vcpus);
    check_affinity(config.cpus_soft, config.vcpus);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto zero = input.find('\0');
    std::vector<std::string> overrides;
    if (zero != input.npos)
        overrides.emplace_back(input.substr(zero + 1));
    const auto config = chaos::parse_guest_config(input.substr(0, zero), "fuzz.cfg", overrides);
    if (config)
        check_config(*config);
    else
        check_error(config.error());
    return 0;
}
