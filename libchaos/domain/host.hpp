// SPDX-License-Identifier: BSD-3-Clause
// The open handles that everything done to guests goes through: the hypervisor, guest memory, event channels,
// the registry.
#pragma once

#include <memory>
#include <string>

#include "libchaos/devices/client.hpp"
#include "libchaos/result.hpp"
#include "libchaos/state/registry.hpp"
#include "libchaos/xen/control.hpp"
#include "libchaos/xen/event_channel.hpp"
#include "libchaos/xen/foreign_memory.hpp"
#include "libchaos/xenstore/connection.hpp"

namespace chaos {

struct HostOptions {
    /// Where records and names live; must be on a file system that forgets at reboot.
    std::string state_directory = "/run/chaos";
    /// Where unpacked kernels are kept.
    std::string cache_directory = "/var/cache/chaos";
    /// Where xendevd listens, which serves the devices of guests; nothing is there if it does not run.
    std::string xendevd_socket = "/run/chaos/xendevd.sock";
    /// Where xenstored listens, for guests that are registered with it.
    std::string xenstored_socket = xenstore::default_socket;
    /// Where the kernel shows its back-ends, and where loop devices come from, for the devices of such guests.
    std::string kernel_back_ends = "/sys/bus/xen-backend";
    std::string loop_control = "/dev/loop-control";
};

/// One per thread: its members are not thread safe. Opening it is the only set-up a program needs; keep it
/// open, because opening costs more than creating a guest's domain.
class Host {
  public:
    /// Fails with not_on_xen, not_permitted or wrong_version before anything is changed.
    static Result<Host> open(HostOptions options = {});

    [[nodiscard]] xen::Control& control() { return control_; }
    [[nodiscard]] xen::ForeignMemory& memory() { return memory_; }
    /// Opened on first use, because a plain create needs none.
    [[nodiscard]] Result<xen::EventChannels*> events();
    /// xendevd, which serves devices; null if it does not run. One system call if there is no socket of it; connected on
    /// first use, and kept.
    [[nodiscard]] Result<devices::Client*> devices();
    /// The same, but then an Error that says how to start it.
    [[nodiscard]] Result<devices::Client*> needed_devices();
    /// The host's xenstored, which only guests with store="xenstore" need: connected when it is first asked.
    [[nodiscard]] xenstore::Connection& xenstored() { return xenstored_; }
    [[nodiscard]] Registry& registry() { return registry_; }
    [[nodiscard]] const HostOptions& options() const { return options_; }

  private:
    Host(HostOptions options, xen::Control control, xen::ForeignMemory memory, Registry registry)
        : options_(std::move(options)), control_(std::move(control)), memory_(std::move(memory)),
          xenstored_(options_.xenstored_socket), registry_(std::move(registry)) {}

    HostOptions options_;
    xen::Control control_;
    xen::ForeignMemory memory_;
    std::unique_ptr<xen::EventChannels> events_;
    std::unique_ptr<devices::Client> devices_;
    xenstore::Connection xenstored_;
    Registry registry_;
};

} // namespace chaos
