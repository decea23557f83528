// SPDX-License-Identifier: BSD-3-Clause
// The kernel looks at a back-end's directory whenever something in it changes, and leaves it alone as long as there is no
// state: that comes last.
#include "libchaos/xenstore/device_keys.hpp"

#include <initializer_list>
#include <utility>

#include "libchaos/xenstore/guest_keys.hpp"

namespace chaos::xenstore {

namespace {

/// libxl starts what is named here for a device that it takes away. There is nothing to do.
constexpr const char* no_script = "/bin/true";

using Keys = std::initializer_list<std::pair<const char*, std::string>>;

void add_front_end(Batch& batch, const DeviceAddress& address, const Keys& keys) {
    const std::string path = address.front_end() + "/";
    batch.make(address.front_end(), address.domain, this_domain);
    batch.write(path + "backend", address.back_end());
    batch.write(path + "backend-id", raw(this_domain));
    for (const auto& [key, value] : keys)
        if (!value.empty())
            batch.write(path + key, value);
    batch.write(path + "state", "1");
}

/// The same keys in the back-end's directory and, for xl's lists, in libxl's copy.
void add_back_end(Batch& batch, const DeviceAddress& address, const Keys& keys, const Keys& only_back_end) {
    batch.make(address.back_end(), this_domain, address.domain);
    batch.write(address.libxl() + "/backend", address.back_end()); // the first: by this it is found again
    batch.write(address.back_end() + "/frontend-id", raw(address.domain));
    batch.write(address.back_end() + "/online", "1");
    for (const std::string& directory : {address.libxl() + "/", address.back_end() + "/"}) {
        batch.write(directory + "frontend", address.front_end());
        for (const auto& [key, value] : keys)
            if (!value.empty())
                batch.write(directory + key, value);
    }
    for (const auto& [key, value] : only_back_end)
        if (!value.empty())
            batch.write(address.back_end() + "/" + key, value);
    batch.write(address.back_end() + "/state", "1");
}

/// Bytes for each interval, and the interval: what netback reads; empty if there is no limit.
std::string credit_of(const RateLimit& rate) {
    if (rate.bytes_per_second == 0)
        return {};
    const std::uint64_t bytes = rate.bytes_per_second / 1'000'000 * rate.interval_us +
                                rate.bytes_per_second % 1'000'000 * rate.interval_us / 1'000'000;
    constexpr std::uint64_t most = 0xffffffff; // netback's "without limit"
    return std::to_string(bytes == 0     ? 1
                          : bytes < most ? bytes
                                         : most) +
           "," + std::to_string(rate.interval_us);
}

std::string number_or_nothing(std::uint64_t number) {
    return number ? std::to_string(number) : std::string();
}

std::string hexadecimal(std::uint32_t number) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    do
        text.insert(text.begin(), digits[number % 16]);
    while (number /= 16);
    return text;
}

} // namespace

std::string DeviceAddress::front_end() const {
    return domain_path(domain) + "/device/" + type + "/" + std::to_string(id);
}
std::string DeviceAddress::back_end() const {
    return domain_path(this_domain) + "/backend/" + type + "/" + std::to_string(raw(domain)) + "/" +
           std::to_string(id);
}
std::string DeviceAddress::libxl() const {
    return libxl_path(domain) + "/device/" + type + "/" + std::to_string(id);
}
std::string DeviceAddress::name() const {
    return type + "-" + std::to_string(raw(domain)) + "-" + std::to_string(id);
}

void add_vif(Batch& batch, const DeviceAddress& address, const VifConfig& vif) {
    const std::string id = std::to_string(address.id);
    const std::string mac = to_text(*vif.mac);
    add_front_end(batch, address,
                  {{"handle", id}, {"mac", mac}, {"mtu", number_or_nothing(vif.mtu)}, {"trusted", "1"}});
    add_back_end(batch, address,
                 {{"script", no_script},
                  {"mac", mac},
                  {"ip", vif.ipv4 ? to_text(*vif.ipv4) : std::string()},
                  {"rate", credit_of(vif.rate)},
                  {"bridge", vif.bridge.empty() ? default_bridge : vif.bridge},
                  {"vifname", vif.device_name},
                  {"handle", id}},
                 {{"type", "vif"},
                  {plug_key, plug_value},
                  {"vlan", vif.vlan ? std::to_string(*vif.vlan) : std::string()},
                  {"mtu", number_or_nothing(vif.mtu)}});
}

void change_mac(Batch& batch, const DeviceAddress& address, const MacAddress& mac) {
    for (const std::string& directory : {address.front_end(), address.back_end(), address.libxl()})
        batch.write(directory + "/mac", to_text(mac));
}

void add_disk(Batch& batch, const DeviceAddress& address, const DiskConfig& disk, const std::string& path,
              const BlockDevice& device, GuestType type) {
    add_front_end(batch, address,
                  {{"virtual-device", std::to_string(address.id)},
                   {"device-type", "disk"},
                   {"trusted", "1"},
                   {"protocol", type == GuestType::pv ? "x86_64-abi" : ""}});
    const std::string number = hexadecimal(device.major) + ":" + hexadecimal(device.minor);
    add_back_end(batch, address,
                 {{"params", path},
                  {"script", no_script},
                  {"removable", "0"},
                  {"bootable", "1"},
                  {"dev", disk.device_name},
                  {"type", "phy"},
                  {"mode", disk.read_only ? "r" : "w"},
                  {"device-type", "disk"},
                  {"discard-enable", disk.discard ? "1" : "0"},
                  {"specification", "xen"}},
                 {{"node", device.path},
                  {"physical-device", number},
                  {"physical-device-path", device.path},
                  {"hotplug-status", "connected"}});
}

void ask_to_close(Batch& batch, const DeviceAddress& address) {
    batch.write(address.back_end() + "/online", "0");
    batch.write(address.back_end() + "/state", state_closing);
}

void remove_device(Batch& batch, const DeviceAddress& address) {
    batch.remove(address.front_end());
    batch.remove(address.back_end());
    batch.remove(address.libxl());
}

} // namespace chaos::xenstore
