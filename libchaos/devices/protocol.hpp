// SPDX-License-Identifier: BSD-3-Clause
// What chaos and xendevd say to each other: one JSON object in each packet of a SOCK_SEQPACKET socket, one answer to each
// request. Both sides are written against these types; docs/xendevd.md shows the packets.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/config/uuid.hpp"
#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos::devices {

constexpr std::string_view default_socket = "/run/chaos/xendevd.sock";
/// Bytes of a packet, either way.
constexpr std::size_t longest_message = 65536;

enum class DeviceType : std::uint8_t { vif, vbd };

std::string_view to_text(DeviceType type);

/// What a guest offers for one device: its event channel, and the grant of the page both sides share. Absent for devices
/// that a guest finds through a private store.
struct Place {
    EventChannelPort port{};
    GrantReference grant{};

    friend bool operator==(const Place&, const Place&) = default;
};

/// A private store for a guest that knows only XenStore, and what it says of the guest.
struct StoreSpec {
    Place place;
    std::uint32_t vcpus = 1;
    std::uint64_t memory_kib = 0;
};

struct VifSpec {
    std::uint32_t id = 0;
    std::optional<Place> place;
    VifConfig config; ///< with its MAC; an MTU of 0 means 1500
};

struct VbdSpec {
    std::uint32_t id = 0; ///< noxs: counts from 0; store: the virtual device number (virtual_device_number())
    std::optional<Place> place;
    DiskConfig config;
    std::uint64_t sectors = 0;       ///< of 512 bytes
    std::uint32_t sector_size = 512; ///< 512 or 4096
};

/// Makes devices of one guest, all of them or none. Later ones for the same guest are hot plug. With it come the open files
/// of its vbds, in their order.
struct AttachRequest {
    DomainId domain{};
    Uuid uuid;
    std::string name;
    std::optional<Place> console;
    std::optional<StoreSpec> store;
    std::vector<VifSpec> vifs;
    std::vector<VbdSpec> vbds;
};

/// Answered when the device is gone.
struct DetachRequest {
    DomainId domain{};
    DeviceType type{};
    std::uint32_t id = 0;
    bool force = false; ///< do not ask the guest
    std::chrono::milliseconds timeout{10'000};
};

/// Everything of that domain is let go at once: it is about to be destroyed, or was.
struct ForgetRequest {
    DomainId domain{};
};

/// Tells a guest with a private store to stop; `reason` is what control/shutdown says.
struct ShutdownRequest {
    DomainId domain{};
    std::string reason; ///< "poweroff", "reboot", "halt" or "suspend"
};

/// The answer is one packet per guest, then an empty success.
struct ListRequest {
    std::optional<DomainId> domain;
};

/// After the answer the connection carries the console's bytes, both ways if `write`.
struct ConsoleRequest {
    DomainId domain{};
    bool write = false;
};

struct StatusRequest {};

using Request = std::variant<AttachRequest, DetachRequest, ForgetRequest, ShutdownRequest, ListRequest,
                             ConsoleRequest, StatusRequest>;

/// Foreign bytes: every member is checked for type and range, unknown ones are refused. Fails with invalid_argument and
/// says which member is wrong.
Result<Request> decode_request(std::string_view text);

std::string encode(const AttachRequest& request);
std::string encode(const DetachRequest& request);
std::string encode(const ForgetRequest& request);
std::string encode(const ShutdownRequest& request);
std::string encode(const ListRequest& request);
std::string encode(const ConsoleRequest& request);
std::string encode(const StatusRequest& request);

/// The names of ErrorKind on the wire.
std::string_view to_text(ErrorKind kind);
/// The kind of that name; ErrorKind::system for any other.
ErrorKind error_kind(std::string_view text);

} // namespace chaos::devices
