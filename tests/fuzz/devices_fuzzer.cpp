// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as an item of vif=[…] and of disk=[…].
#include <cstdint>
#include <string_view>

#include "libchaos/config/devices.hpp"

namespace {

void require(bool holds) {
    if (!holds)
        __builtin_trap();
}

/// Messages go to terminals: they are about the input and must not pass on its control characters. The callers put the
/// item itself in front, so these stay short.
void check_error(const chaos::Error& error) {
    require(error.kind() == chaos::ErrorKind::invalid_config);
    require(!error.story().empty() && error.story().size() < 2048);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto vif = chaos::parse_vif(text)) {
        require(chaos::check_vif(*vif).has_value());
        if (vif->mac)
            require(*chaos::parse_mac(chaos::to_text(*vif->mac)) == *vif->mac);
        if (vif->ipv4)
            require(*chaos::parse_ipv4(chaos::to_text(*vif->ipv4)) == *vif->ipv4);
    } else {
        check_error(vif.error());
    }
    if (const auto disk = chaos::parse_disk(text)) {
        require(chaos::check_disk(*disk).has_value());
        require(*chaos::virtual_device_number(disk->device_name) < 1u << 29);
    } else {
        check_error(disk.error());
    }
    return 0;
}
