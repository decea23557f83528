// SPDX-License-Identifier: BSD-3-Clause
// Each point is tried rather than looked up, and undone.
#include "xendevd/check.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/control.hpp"
#include "libchaos/xen/event_channel.hpp"
#include "libchaos/xen/grant_table.hpp"
#include "libchaos/xen/own_pages.hpp"

namespace xendevd {

namespace {

bool report(bool good, const std::string& what, const std::string& why, const std::string& advice) {
    std::printf("%-7s %s%s%s\n", good ? "ok" : "MISSING", what.c_str(), why.empty() ? "" : ": ", why.c_str());
    if (!good)
        std::printf("        %s\n", advice.c_str());
    return good;
}

template<typename T>
bool report(const chaos::Result<T>& result, const std::string& what, const std::string& advice) {
    if (result)
        return report(true, what, "", "");
    return report(false, what, result.error().story(),
                  result.error().advice().empty() ? advice : result.error().advice());
}

bool report_io_uring() {
    io_uring ring;
    const int status = ::io_uring_queue_init(4, &ring, 0);
    if (status == 0)
        ::io_uring_queue_exit(&ring);
    return report(status == 0, "io_uring, for disks", status == 0 ? "" : std::strerror(-status),
                  "Set the sysctl kernel.io_uring_disabled to 0, or boot a kernel from 5.6 on.");
}

bool report_tap() {
    const chaos::UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    return report(tun.is_open(), "TAP devices, for vifs on a bridge",
                  tun.is_open() ? "" : std::strerror(errno), "Load the module tun.");
}

} // namespace

bool check_host(const Options& options) {
    bool good = report(::geteuid() == 0, "started as root", "",
                       "Start it as root: it gives its privileges away itself.");
    good &= report(chaos::xen::Control::open(), "Xen's control interface", "Boot this host on Xen, as dom0.");
    good &= report(chaos::xen::EventChannels::open(), "event channels", "Load the module xen-evtchn.");
    good &= report(chaos::xen::GrantTable::open(), "granted pages", "Load the module xen-gntdev.");
    if (const auto own = chaos::xen::OwnPages::allocate(1); !own) // it works without
        std::printf(
            "note  no pages of our own can be granted, so frames cost more: %s. Load the module xen-gntalloc.\n",
            own.error().story().c_str());
    good &= report_tap();
    good &= report_io_uring();
    good &= report(::getpwnam(options.user.c_str()) != nullptr, "user " + options.user, "",
                   "Make it with systemd-sysusers, or name another with --user.");
    return good;
}

} // namespace xendevd
