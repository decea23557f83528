// SPDX-License-Identifier: BSD-3-Clause
// The keys of docs/misc/xenstore-paths in Xen that guests look for.
#include "xendevd/store/guest_keys.hpp"

#include "xendevd/store/paths.hpp"

namespace xendevd {

StoreChanges guest_keys(const StoreSettings& settings) {
    StoreChanges changes;
    const auto add = [&](const std::string& path, std::string value) {
        changes.push_back({StoreChange::Kind::write, path, std::move(value), 0});
    };
    const std::string home = store_home(settings.domain) + "/", vm = "/vm/" + settings.uuid.to_string();
    add(vm + "/uuid", settings.uuid.to_string());
    add(vm + "/name", settings.name);
    add(home + "vm", vm);
    add(home + "name", settings.name);
    add(home + "domid", std::to_string(raw(settings.domain)));
    for (std::uint32_t vcpu = 0; vcpu < settings.vcpus; ++vcpu)
        add(home + "cpu/" + std::to_string(vcpu) + "/availability", "online");
    // The balloon's goal and limit: it stays as large as it was made.
    add(home + "memory/static-max", std::to_string(settings.memory_kib));
    add(home + "memory/target", std::to_string(settings.memory_kib));
    add(home + "control/shutdown", "");
    add(home + "control/sysrq", "");
    for (const char* feature : {"feature-poweroff", "feature-reboot", "feature-suspend"})
        add(home + "control/" + feature, ""); // the guest says 1 in those that it can
    add(home + "control/platform-feature-multiprocessor-suspend", "1");
    add(home + "control/platform-feature-xs_reset_watches", "1");
    for (const char* directory :
         {"device", "device/vif", "device/vbd", "data", "drivers", "feature", "attr", "error"})
        add(home + directory, "");
    return changes;
}

} // namespace xendevd
