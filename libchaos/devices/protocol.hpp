// SPDX-License-Identifier: BSD-3-Clause
// What chaos and xendevd say to each other: one JSON object in each packet of a SOCK_SEQPACKET socket, one reply to each
// request (docs/xendevd.md). Image files travel beside an attach request, by SCM_RIGHTS, one for each disk, in order.
//
// Requests are written by hand and read strictly: what is not known, out of range or out of place is an Error.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/uuid.hpp"
#include "libchaos/result.hpp"
#include "libchaos/xen/ids.hpp"

namespace chaos::devices {

/// Bytes of a packet, either way.
constexpr std::size_t largest_packet = 64 * 1024;
/// The reply to a request that was carried out and has nothing to tell.
constexpr std::string_view ok_reply = R"({"ok":true})";

enum class DeviceType : std::uint8_t { vif, vbd };
std::string_view name_of(DeviceType type); ///< "vif", "vbd"

/// Where a device of a noxs guest is: the guest's port and the grant of its control page. A stock guest makes its own,
/// so for its devices both are 0.
struct DeviceEnd {
    EventChannelPort port{};
    GrantReference grant{};

    friend bool operator==(const DeviceEnd&, const DeviceEnd&) = default;
};

struct AttachVif {
    std::uint16_t id = 0; ///< counts from 0
    DeviceEnd end;
    VifConfig config; ///< with a `mac`

    friend bool operator==(const AttachVif&, const AttachVif&) = default;
};

struct AttachVbd {
    std::uint32_t id = 0; ///< noxs: counts from 0; stock: the virtual device number of config.device_name
    DeviceEnd end;
    DiskConfig config;
    std::uint64_t sectors = 0; ///< of 512 bytes
    std::uint32_t sector_size = 512;

    friend bool operator==(const AttachVbd&, const AttachVbd&) = default;
};

/// The store of a guest that knows only XenStore, and what it says there of the guest.
struct AttachStore {
    DeviceEnd end;
    std::uint32_t vcpus = 1;
    std::uint64_t memory_kib = 0;

    friend bool operator==(const AttachStore&, const AttachStore&) = default;
};

/// A guest with devices to serve; or more devices for one that xendevd knows already. All or nothing.
struct AttachRequest {
    DomainId domain{};
    Uuid uuid;
    std::string name; ///< empty if it has none
    bool noxs = true; ///< else a stock guest
    /// It is a shell, which speaks noxs: nothing of it is looked at before a SettleRequest says whose it is.
    bool shell = false;
    std::optional<DeviceEnd> console;
    std::optional<AttachStore> store;
    std::vector<AttachVif> vifs;
    std::vector<AttachVbd> vbds;

    friend bool operator==(const AttachRequest&, const AttachRequest&) = default;
};

/// What a vif that was attached to a shell is to be.
struct SettleVif {
    std::uint16_t id = 0;
    VifConfig config; ///< with a `mac`; bridge, VLAN, MTU of a TAP device, and its name are those of before

    friend bool operator==(const SettleVif&, const SettleVif&) = default;
};

/// A shell becomes a guest: its name, its vifs as far as they change, and disks. All or nothing.
struct SettleRequest {
    DomainId domain{};
    Uuid uuid;                     ///< that it was attached with
    std::optional<Uuid> next_uuid; ///< that it has from now on
    std::string name;
    std::vector<SettleVif> vifs;
    std::vector<AttachVbd> vbds; ///< their images as with an AttachRequest

    friend bool operator==(const SettleRequest&, const SettleRequest&) = default;
};

/// Answered when the device is gone, or `timeout` has passed and the guest still holds it.
struct DetachRequest {
    DomainId domain{};
    DeviceType type{};
    std::uint32_t id = 0;
    bool force = false; ///< without asking the guest
    std::chrono::milliseconds timeout{10'000};

    friend bool operator==(const DetachRequest&, const DetachRequest&) = default;
};

/// Lets go of everything of a domain at once. Not an error if xendevd knows of none.
struct ForgetRequest {
    DomainId domain{};
    friend bool operator==(const ForgetRequest&, const ForgetRequest&) = default;
};

enum class ShutdownAction : std::uint8_t { poweroff, reboot, halt, suspend };
std::string_view name_of(ShutdownAction action);

/// Asks a stock guest through its private store (control/shutdown).
struct ShutdownRequest {
    DomainId domain{};
    ShutdownAction action{};
    friend bool operator==(const ShutdownRequest&, const ShutdownRequest&) = default;
};

/// Answered by one packet for each guest, then ok.
struct ListRequest {
    std::optional<DomainId> domain; ///< all if absent
    friend bool operator==(const ListRequest&, const ListRequest&) = default;
};

/// After ok the socket carries console bytes, first what there is of recent output.
struct ConsoleRequest {
    DomainId domain{};
    bool write = true; ///< else read only; there is one writer at a time
    friend bool operator==(const ConsoleRequest&, const ConsoleRequest&) = default;
};

struct StatusRequest {
    friend bool operator==(const StatusRequest&, const StatusRequest&) = default;
};

using Request = std::variant<AttachRequest, SettleRequest, DetachRequest, ForgetRequest, ShutdownRequest,
                             ListRequest, ConsoleRequest, StatusRequest>;

std::string encode(const Request& request);
std::string encode(const AttachRequest& request);
std::string encode(const SettleRequest& request);
/// Takes `text` for hostile; fails with invalid_argument. All that comes out is within the limits said above, texts are
/// what config/devices.hpp says, paths are absolute and without zero bytes.
Result<Request> decode_request(std::string_view text);

/// {"error":{"kind":…,"message":…,"advice":…}}
std::string encode_error(const Error& error);
/// Whether `reply` says ok; else the Error that it carries, or one that says that it is no reply.
Result<void> decode_reply(std::string_view reply);

// ---- what `list` and `status` tell ------------------------------------------------------------------------

/// Numbers that only grow; `from_guest` of a disk are its writes.
struct Counters {
    std::uint64_t from_guest_bytes = 0;
    std::uint64_t from_guest_operations = 0;
    std::uint64_t to_guest_bytes = 0;
    std::uint64_t to_guest_operations = 0;
    std::uint64_t from_guest_dropped = 0;
    std::uint64_t to_guest_dropped = 0;
    std::uint64_t errors = 0;

    friend bool operator==(const Counters&, const Counters&) = default;
};

/// A fact about a device, as it is in the JSON that xendevd sends.
using Detail = std::variant<std::string, std::uint64_t, bool>;

struct DeviceStatus {
    std::string type; ///< "vif", "vbd"
    std::uint32_t id = 0;
    std::string state; ///< "waiting", "connected", "closing", "closed", "failed"
    Counters counters;
    /// What else there is to tell, in no order that means something: {"bridge", "xenbr0"}.
    std::vector<std::pair<std::string, Detail>> details;
};

struct GuestStatus {
    DomainId domain{};
    std::string uuid;
    std::string name;
    bool shell = false;   ///< it waits for its guest
    bool console = false; ///< it is logged, and can be attached to
    std::vector<DeviceStatus> devices;
};

struct DaemonStatus {
    std::string version;
    std::uint64_t pid = 0;
    std::uint64_t guests = 0;
    std::uint64_t devices = 0;
};

/// The guest in one packet of a list; nothing if the packet is the ok at its end; else the Error that it carries.
Result<std::optional<GuestStatus>> decode_list_packet(std::string_view packet);
Result<DaemonStatus> decode_status(std::string_view reply);

} // namespace chaos::devices
