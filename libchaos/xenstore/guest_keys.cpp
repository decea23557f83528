// SPDX-License-Identifier: BSD-3-Clause
// The keys of a guest as a whole. Each request costs xenstored more the more guests there are, so what neither xl nor a
// guest looks at is left out: the console as a device.
#include "libchaos/xenstore/guest_keys.hpp"

#include <chrono>
#include <cstdio>

namespace chaos::xenstore {

namespace {

/// Seconds since 1970 with two decimals, as libxl has them.
std::string start_time() {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    char text[32];
    std::snprintf(text, sizeof text, "%lld.%02lld", static_cast<long long>(now / 1000),
                  static_cast<long long>(now % 1000 / 10));
    return text;
}

} // namespace

std::string domain_path(DomainId domain) {
    return "/local/domain/" + std::to_string(raw(domain));
}

std::string libxl_path(DomainId domain) {
    return "/libxl/" + std::to_string(raw(domain));
}

std::string vm_path(const Uuid& uuid) {
    return "/vm/" + uuid.to_string();
}

std::string owner_key(DomainId domain) {
    return domain_path(domain) + "/vm";
}

void add_guest(Batch& batch, const GuestKeys& guest) {
    const DomainId id = guest.domain;
    const std::string path = domain_path(id);
    batch.make(path, this_domain, id);
    add_vm(batch, id, guest.uuid);
    // A new node has the permissions of what it lies in, which saves setting those of each.
    batch.allow(path, id, id);
    for (const char* own :
         {"/control/shutdown", "/control/feature-poweroff", "/control/feature-reboot",
          "/control/feature-suspend", "/control/sysrq", "/data", "/drivers", "/feature", "/attr", "/error"})
        batch.make(path + own);
    batch.allow(path + "/control", this_domain, id);
    batch.allow(path, this_domain, id);

    for (std::uint32_t vcpu = 0; vcpu < guest.vcpus; ++vcpu)
        batch.write(path + "/cpu/" + std::to_string(vcpu) + "/availability", "online");
    batch.write(path + "/memory/static-max", guest.memory_kib);
    batch.write(path + "/memory/target", guest.memory_kib);
    batch.write(path + "/memory/videoram", "0");
    batch.make(path + "/device/suspend/event-channel", id, id);
    batch.write(path + "/control/platform-feature-multiprocessor-suspend", "1");
    batch.write(path + "/control/platform-feature-xs_reset_watches", "1");
    batch.write(path + "/domid", raw(id));

    batch.write(libxl_path(id) + "/type", guest.type == GuestType::pvh ? "pvh" : "pv");
    batch.write(libxl_path(id) + "/dm-version", "qemu_xen");
    batch.write(path + "/console/limit", "1048576");
    batch.write(path + "/console/type", "xenconsoled");
    batch.write(path + "/console/output", "pty");
    batch.write(path + "/console/tty", ""); // xenconsoled says here which
}

void add_vm(Batch& batch, DomainId domain, const Uuid& uuid) {
    const std::string vm = vm_path(uuid);
    batch.write(owner_key(domain), vm);
    batch.make(vm, this_domain, domain);
    batch.write(vm + "/uuid", uuid.to_string());
    batch.write(vm + "/start_time", start_time());
}

void remove_vm(Batch& batch, const Uuid& uuid) {
    batch.remove(vm_path(uuid));
}

void add_name(Batch& batch, DomainId domain, const Uuid& uuid, std::string_view name) {
    batch.write(domain_path(domain) + "/name", name);
    batch.write(vm_path(uuid) + "/name", name);
}

void add_image(Batch& batch, const Uuid& uuid, const GuestConfig& config) {
    const std::string image = vm_path(uuid) + "/image";
    batch.write(image + "/ostype", "linux");
    batch.write(image + "/kernel", config.kernel);
    if (!config.ramdisk.empty())
        batch.write(image + "/ramdisk", config.ramdisk);
    batch.write(image + "/cmdline", config.command_line);
}

void add_rings(Batch& batch, DomainId domain, const DeviceLocation& console, const DeviceLocation& store) {
    const std::string path = domain_path(domain);
    batch.write(path + "/store/port", raw(store.port));
    batch.write(path + "/store/ring-ref", store.frame.number);
    batch.write(path + "/console/port", raw(console.port));
    batch.write(path + "/console/ring-ref", console.frame.number);
    batch.introduce(domain, store.frame, store.port);
}

void remove_front_ends(Batch& batch, DomainId domain) {
    batch.remove(domain_path(domain) + "/device");
}

void remove_guest(Batch& batch, DomainId domain) {
    const std::string back_ends = domain_path(this_domain) + "/backend/";
    const std::string id = std::to_string(raw(domain));
    batch.remove(back_ends + "vif/" + id);
    batch.remove(back_ends + "vbd/" + id);
    batch.remove(back_ends + "console/" + id); // xl may have made it
    batch.remove(libxl_path(domain));
    batch.remove(domain_path(domain));
    batch.release(domain);
}

} // namespace chaos::xenstore
