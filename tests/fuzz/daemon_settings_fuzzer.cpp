// SPDX-License-Identifier: BSD-3-Clause
// chaos.toml as anybody may have written it: read, or refused with a place in the file; what was read holds its promises.
#include <cstdint>
#include <cstdlib>

#include "chaos/daemon/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chaos;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto settings = daemon::parse_daemon_settings(text, "chaos.toml");
    if (!settings) {
        if (settings.error().kind() != ErrorKind::invalid_config ||
            settings.error().story().rfind("chaos.toml", 0) != 0)
            std::abort();
        return 0;
    }
    if (settings->flavours.size() > daemon::most_flavours)
        std::abort();
    for (const auto& flavour : settings->flavours) {
        const GuestConfig& shape = flavour.shape;
        if (!check_guest_name(flavour.name) || shape.memory_kib < minimum_memory_kib || shape.uuid ||
            !shape.disks.empty() || !shape.command_line.empty() || flavour.disks > most_devices)
            std::abort();
    }
    for (const auto& [name, pool] : settings->pools)
        if (pool.min > pool.max || !(pool.per_second >= 0))
            std::abort();
    return 0;
}
