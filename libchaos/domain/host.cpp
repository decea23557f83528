// SPDX-License-Identifier: BSD-3-Clause
// Opening the handles, hypervisor first: whoever may not control Xen should not leave directories behind.
#include "libchaos/domain/host.hpp"

namespace chaos {

Result<Host> Host::open(HostOptions options) {
    xen::Control control = TRY(xen::Control::open());
    xen::ForeignMemory memory = TRY(xen::ForeignMemory::open());
    Registry registry = TRY(Registry::open(options.state_directory));
    return Host(std::move(options), std::move(control), std::move(memory), std::move(registry));
}

Result<xen::EventChannels*> Host::events() {
    if (!events_)
        events_ = std::make_unique<xen::EventChannels>(TRY(xen::EventChannels::open()));
    return events_.get();
}

Result<devices::Client*> Host::devices() {
    if (!devices_) {
        auto client = TRY(devices::Client::connect_if_running(options_.xendevd_socket));
        if (client)
            devices_ = std::make_unique<devices::Client>(std::move(*client));
    }
    return devices_.get();
}

Result<devices::Client*> Host::needed_devices() {
    auto* client = TRY(devices());
    if (!client)
        return devices::Client::not_running(options_.xendevd_socket);
    return client;
}

} // namespace chaos
