// SPDX-License-Identifier: BSD-3-Clause
// The keys by which XenStore's front ends and back-ends speak of a vif or vbd (xen/io/netif.h, xen/io/blkif.h): those that
// we write, and what a front end's mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/store/tree.hpp"

namespace xendevd {

struct VifKeys {
    std::uint32_t id = 0;
    chaos::MacAddress mac{};
    std::uint16_t mtu = 1500;
};

struct VbdKeys {
    std::uint32_t id = 0;      ///< the virtual device number (202 << 8 for xvda)
    std::string device_name;   ///< "xvda"
    std::uint64_t sectors = 0; ///< of 512 bytes
    std::uint32_t sector_size = 512;
    bool read_only = false;
};

using DeviceKeys = std::variant<VifKeys, VbdKeys>;
/// Names relative to the device's directory, and values.
using KeyValues = std::vector<std::pair<std::string_view, std::string>>;

/// "vif" or "vbd".
std::string_view type_of(const DeviceKeys& keys);
std::uint32_t id_of(const DeviceKeys& keys);

/// What a new device's front-end directory holds, without what both ends have (store_door.cpp).
KeyValues frontend_keys(const DeviceKeys& keys);
/// The same of the back-end's, for one that can do `features` (NOXS_VIF_* or NOXS_VBD_*).
KeyValues backend_keys(const DeviceKeys& keys, std::uint32_t features);

/// What a front end's directory asks for.
struct FrontendOffer {
    Offer offer;
    chaos::EventChannelPort port{};
};
/// Reads the directory of a front end that says it is ready, for a back-end that can do `features`.
chaos::Result<FrontendOffer> read_offer(const DeviceKeys& keys, const StoreNode& directory,
                                        std::uint32_t features);

/// The value of a child of `directory`, or nothing.
std::optional<std::string_view> text_in(const StoreNode* directory, std::string_view key);
/// The same as a decimal number.
std::optional<std::uint32_t> number_in(const StoreNode* directory, std::string_view key);

} // namespace xendevd
