// SPDX-License-Identifier: BSD-3-Clause
// Vifs whose back-end is the kernel's: xendevd puts their interfaces on bridges, as Xen's scripts do for xl's guests, and
// without a process for each. Only for those whose maker asked for that; it says so in xenstored, where no guest can.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "xendevd/daemon.hpp"
#include "xendevd/kernel/uevents.hpp"
#include "xendevd/kernel/xenstored.hpp"

namespace xendevd {

class KernelVifs {
  public:
    /// As root. Null if no xenstored listens at `socket`: then nobody makes such vifs. `devices` is the kernel's directory
    /// of back-ends; what is there already is looked at, for it may have come while no xendevd ran.
    static chaos::Result<std::unique_ptr<KernelVifs>>
    open(Daemon& daemon, const std::string& socket,
         const std::string& devices = "/sys/bus/xen-backend/devices");
    KernelVifs(const KernelVifs&) = delete;
    KernelVifs& operator=(const KernelVifs&) = delete;

  private:
    KernelVifs(Daemon& daemon, std::string devices) : daemon_(daemon), devices_(std::move(devices)) {}
    void look_at_all();
    void look_at(KernelVif vif);
    void connect(KernelVif vif, Xenstored::Answers answers);
    void tell(KernelVif vif, const std::string& interface, const chaos::Result<bool>& on_open_vswitch);
    void forget(KernelVif vif);

    Daemon& daemon_;
    std::string devices_;
    std::unique_ptr<Xenstored> xenstored_;
    std::unique_ptr<Uevents> uevents_;
    std::set<KernelVif> connecting_;
    std::map<KernelVif, std::string> on_open_vswitch_; ///< interfaces whose port does not go with them
};

} // namespace xendevd
