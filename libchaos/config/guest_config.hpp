// SPDX-License-Identifier: BSD-3-Clause
// What a guest is to be: the typed form of a configuration file, checked as far as it can be without a
// hypervisor.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/config/uuid.hpp"
#include "libchaos/result.hpp"

namespace chaos {

/// How the guest meets Xen (xl's `type=`).
enum class GuestType : std::uint8_t {
    pvh, ///< hardware-assisted, entered by the PHYS32_ENTRY note; the default
    pv,  ///< paravirtual, for hosts without hardware-assisted paging
};

/// Physical CPUs of the host a vCPU may run on; bit n is CPU n (Debian's Xen is built for 256).
using CpuSet = std::bitset<256>;

/// Smallest and largest guest memory, KiB: 64 pages, and what 32-bit KiB counts of record files hold (1 TiB).
constexpr std::uint64_t minimum_memory_kib = 256;
constexpr std::uint64_t maximum_memory_kib = std::uint64_t{1} << 30;
/// vCPUs of one guest: Xen's limit for PVH (HVM_MAX_VCPUS, xen/hvm/hvm_info_table.h).
constexpr std::uint32_t maximum_vcpus = 128;
/// Bytes of a command line, without its terminating zero: what fits beside start info, modules and memory map
/// in one page.
constexpr std::size_t maximum_command_line = 2047;
/// Characters of a name.
constexpr std::size_t maximum_name = 64;

/// What becomes of a guest that has stopped, where chaosd runs (xl's `on_poweroff=` and the like).
enum class EndAction : std::uint8_t {
    destroy,
    restart,          ///< made anew, with the same name and UUID
    rename_restart,   ///< the same, but what has stopped is preserved under another name
    preserve,         ///< it stays listed until somebody destroys it
    coredump_destroy, ///< its memory is written to a file first
    coredump_restart,
    soft_reset, ///< made anew: chaos cannot keep the memory, as the guest would like
};

/// By why it has stopped; xl's defaults.
struct EndActions {
    EndAction on_poweroff = EndAction::destroy;
    EndAction on_reboot = EndAction::restart;
    EndAction on_crash = EndAction::destroy;
    EndAction on_watchdog = EndAction::destroy;
    EndAction on_soft_reset = EndAction::soft_reset;

    friend bool operator==(const EndActions&, const EndActions&) = default;
};

/// As xl spells it: "rename-restart".
std::string_view word_of(EndAction action);
std::optional<EndAction> end_action_of(std::string_view word);

/// One guest, as asked for. A value: copy it freely.
struct GuestConfig {
    /// Letters, digits, and `. _ -` (not first), 1 to maximum_name; not only digits, no UUID.
    std::string name;
    GuestType type = GuestType::pvh;
    std::string kernel;  ///< path of an ELF or bzImage file
    std::string ramdisk; ///< path, or empty
    std::string command_line;
    std::uint64_t memory_kib = 0; ///< a multiple of 4
    std::uint32_t vcpus = 1;
    /// Hard affinity: empty = every CPU; one entry = all vCPUs; else one entry per vCPU.
    std::vector<CpuSet> cpus;
    /// Soft affinity, same shape.
    std::vector<CpuSet> cpus_soft;
    std::optional<Uuid> uuid;               ///< drawn at random at creation if absent
    std::uint32_t max_event_channels = 127; ///< highest event channel port of the guest
    std::uint32_t max_grant_frames = 4;     ///< pages of its grant table, 1 to 64
    std::vector<VifConfig> vifs;            ///< with the disks, at most most_devices
    std::vector<DiskConfig> disks;          ///< each with a device_name of its own
    StoreMode store = StoreMode::automatic;
    std::uint32_t cpu_pool = 0; ///< number of the group of physical CPUs that run it (xl's `pool=`)
    EndActions end_actions;

    friend bool operator==(const GuestConfig&, const GuestConfig&) = default;
};

/// Vifs and disks of one guest together: the entries of its device page beside system device and console (noxs/noxs.h).
constexpr std::size_t most_devices = 124;

/// Whether `name` may name a guest; the error says which rule it breaks.
Result<void> check_guest_name(std::string_view name);

/// Reads an xl.cfg(5) file and then `overrides`, each in the same syntax ("memory=64", "vcpus=2; name='a'").
///
/// Fails with ErrorKind::invalid_config, naming file, line, key, what was found and what would be right. Keys
/// that need a device model, and keys that chaos does not carry out yet, are refused by name.
Result<GuestConfig> load_guest_config(const std::string& path, const std::vector<std::string>& overrides);

/// The same from text already in memory; `origin` stands for the file name in messages.
Result<GuestConfig> parse_guest_config(std::string_view text, std::string_view origin,
                                       const std::vector<std::string>& overrides);

} // namespace chaos
