// SPDX-License-Identifier: BSD-3-Clause
// Refusing a key by name beats ignoring it: the person who wrote it expects something to happen.
#include "libchaos/config/keys.hpp"

#include <algorithm>
#include <array>

namespace chaos::config {
namespace {

constexpr std::string_view device_model =
    "it is for guests with a device model (HVM); PV and PVH guests have none";
constexpr std::string_view no_device = "devices of this kind are not carried out yet";
constexpr std::string_view no_hardware = "passing hardware to guests is not carried out yet";
constexpr std::string_view no_scheduling =
    "scheduling parameters are not carried out yet; Xen's defaults apply";
constexpr std::string_view no_loader =
    "guests boot a kernel directly: give kernel, ramdisk and cmdline instead";
constexpr std::string_view no_choice = "choosing this is not carried out yet; Xen's default applies";
constexpr std::string_view arm_only = "it is for Arm guests";
constexpr std::string_view no_labels = "security labels are not carried out yet";
constexpr std::string_view not_yet = "it is not carried out yet";
constexpr std::string_view host_wide = "it is a key for all of xl (xl.conf), not for one guest";

constexpr RefusedKey refused_keys[] = {
    // paravirtual devices
    {"channel", no_device, true},
    {"p9", no_device, true},
    {"pvcalls", no_device, true},
    {"usbctrl", no_device, true},
    {"usbdev", no_device, true},
    {"vdispl", no_device, true},
    {"vfb", no_device, true},
    {"vif2", no_device, true},
    {"vkb", no_device, true},
    {"vsnd", no_device, true},
    {"vtpm", no_device, true},
    // hardware
    {"e820_host", no_hardware},
    {"iomem", no_hardware, true},
    {"ioports", no_hardware, true},
    {"irqs", no_hardware, true},
    {"passthrough", no_hardware},
    {"pci", no_hardware, true},
    {"pci_msitranslate", no_hardware},
    {"pci_permissive", no_hardware},
    {"pci_power_mgmt", no_hardware},
    {"pci_seize", no_hardware},
    {"rdm", no_hardware},
    {"rdm_mem_boundary", no_hardware},
    // scheduling
    {"cap", no_scheduling},
    {"cpu_weight", no_scheduling},
    {"extratime", no_scheduling},
    {"latency", no_scheduling},
    {"period", no_scheduling},
    {"slice", no_scheduling},
    // other ways to boot
    {"bootloader", no_loader},
    {"bootloader_args", no_loader},
    {"firmware", no_loader},
    {"pvshim", no_loader},
    {"pvshim_cmdline", no_loader},
    {"pvshim_extra", no_loader},
    {"pvshim_path", no_loader},
    // what the virtual machine looks like
    {"acpi", no_choice},
    {"altp2m", no_choice},
    {"altp2mhvm", no_choice},
    {"apic", no_choice},
    {"cpuid", no_choice},
    {"hap", no_choice},
    {"localtime", no_choice},
    {"max_grant_version", no_choice},
    {"max_maptrack_frames", no_choice},
    {"mca_caps", no_choice},
    {"msr_relaxed", no_choice},
    {"nestedhvm", no_choice},
    {"nx", no_choice},
    {"oos", no_choice},
    {"pae", no_choice},
    {"rtc_timeoffset", no_choice},
    {"shadow_memory", no_choice},
    {"timer_mode", no_choice},
    {"tsc_mode", no_choice},
    {"vmtrace_buf_kb", no_choice},
    {"vnuma", no_choice},
    // life cycle and roles
    {"driver_domain", not_yet},
    {"nomigrate", not_yet},
    {"xend_suspend_evtchn_compat", not_yet},
    {"init_seclabel", no_labels},
    {"seclabel", no_labels},
    // Arm
    {"device_tree", arm_only},
    {"dtdev", arm_only},
    {"gic_version", arm_only},
    {"tee", arm_only},
    {"vpmu", arm_only},
    {"vuart", arm_only},
    // device model
    {"acpi_firmware", device_model},
    {"acpi_laptop_slate", device_model},
    {"acpi_s3", device_model},
    {"acpi_s4", device_model},
    {"bios", device_model},
    {"bios_path_override", device_model},
    {"boot", device_model},
    {"device_model", device_model},
    {"device_model_args", device_model},
    {"device_model_args_hvm", device_model},
    {"device_model_args_pv", device_model},
    {"device_model_override", device_model},
    {"device_model_stubdomain_override", device_model},
    {"device_model_stubdomain_seclabel", device_model},
    {"device_model_user", device_model},
    {"device_model_version", device_model},
    {"display", device_model},
    {"dm_restrict", device_model},
    {"firmware_override", device_model},
    {"gfx_passthru", device_model},
    {"hdtype", device_model},
    {"hpet", device_model},
    {"keymap", device_model},
    {"mmio_hole", device_model},
    {"ms_vm_genid", device_model},
    {"nographic", device_model},
    {"opengl", device_model},
    {"sdl", device_model},
    {"serial", device_model},
    {"smbios_firmware", device_model},
    {"soundhw", device_model},
    {"spice", device_model},
    {"spice_clipboard_sharing", device_model},
    {"spice_image_compression", device_model},
    {"spice_streaming_video", device_model},
    {"spiceagent_mouse", device_model},
    {"spicedisable_ticketing", device_model},
    {"spicehost", device_model},
    {"spicepasswd", device_model},
    {"spiceport", device_model},
    {"spicetls_port", device_model},
    {"spiceusbredirection", device_model},
    {"spicevdagent", device_model},
    {"stdvga", device_model},
    {"stubdomain_cmdline", device_model},
    {"stubdomain_kernel", device_model},
    {"stubdomain_memory", device_model},
    {"stubdomain_ramdisk", device_model},
    {"usb", device_model},
    {"usbdevice", device_model},
    {"usbversion", device_model},
    {"vendor_device", device_model},
    {"vga", device_model},
    {"videoram", device_model},
    {"viridian", device_model},
    {"vkb_device", device_model},
    {"vnc", device_model},
    {"vncdisplay", device_model},
    {"vnclisten", device_model},
    {"vncpasswd", device_model},
    {"vncunused", device_model},
    {"vncviewer", device_model},
    {"vpt_align", device_model},
    {"xauthority", device_model},
    {"xen_platform_pci", device_model},
    // xl.conf
    {"autoballoon", host_wide},
    {"blkdev_start", host_wide},
    {"claim_mode", host_wide},
    {"lockfile", host_wide},
    {"output_format", host_wide},
    {"run_hotplug_scripts", host_wide},
    {"vif.default.backend", host_wide},
    {"vif.default.bridge", host_wide},
    {"vif.default.gatewaydev", host_wide},
    {"vif.default.script", host_wide},
    {"vm.cpumask", host_wide},
    {"vm.hvm.cpumask", host_wide},
    {"vm.pv.cpumask", host_wide},
};

constexpr std::size_t longest_guess = 40;

/// Letters to insert, remove or replace to get from `a` to `b`; both at most longest_guess long.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::array<std::size_t, longest_guess + 1> row;
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

} // namespace

const RefusedKey* find_refused_key(std::string_view name) {
    const auto* found = std::find_if(std::begin(refused_keys), std::end(refused_keys),
                                     [&](const RefusedKey& key) { return key.name == name; });
    return found == std::end(refused_keys) ? nullptr : found;
}

std::string_view nearest_key(std::string_view key, std::span<const std::string_view> candidates) {
    if (key.size() > longest_guess)
        return {};
    std::string_view nearest;
    std::size_t best = key.size() <= 4 ? 2 : 3; // the first distance that is too far
    for (const auto candidate : candidates) {
        if (candidate.size() > longest_guess)
            continue;
        if (const std::size_t distance = edit_distance(key, candidate); distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

} // namespace chaos::config
