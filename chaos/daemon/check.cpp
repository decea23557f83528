// SPDX-License-Identifier: BSD-3-Clause
// Each point is tried rather than looked up, and nothing is changed.
#include "chaos/daemon/check.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "chaos/daemon/settings.hpp"
#include "libchaos/devices/client.hpp"
#include "libchaos/image/kernel.hpp"
#include "libchaos/xen/control.hpp"
#include "libchaos/xen/event_channel.hpp"

namespace chaos::daemon {

namespace {

bool report(bool good, const std::string& what, const std::string& why, const std::string& advice) {
    std::printf("%-7s %s%s%s\n", good ? "ok" : "MISSING", what.c_str(), why.empty() ? "" : ": ", why.c_str());
    if (!good && !advice.empty())
        std::printf("        %s\n", advice.c_str());
    return good;
}

template<typename T>
bool report(const Result<T>& result, const std::string& what, const std::string& advice = "") {
    if (result)
        return report(true, what, "", "");
    const Error& error = result.error();
    return report(false, what, error.story(), error.advice().empty() ? advice : error.advice());
}

bool report_flavours(const Settings& settings, const Options& options) {
    bool good = true;
    for (const FlavourSpec& flavour : settings.flavours)
        if (!flavour.shape.kernel.empty())
            good &= report(Kernel::open(flavour.shape.kernel, options.cache_directory + "/kernels"),
                           "flavour " + flavour.name + ", kernel " + flavour.shape.kernel);
    return good;
}

} // namespace

bool check_host(const Options& options) {
    const auto settings = load_daemon_settings(options.config_file, options.config_named);
    bool good = report(settings, "configuration " + options.config_file);
    if (settings)
        good &= report_flavours(*settings, options);
    good &= report(::geteuid() == 0, "started as root", "", "Start it as root.");
    good &= report(xen::Control::open(), "Xen's control interface", "Boot this host on Xen, as dom0.");
    good &= report(xen::EventChannels::open(), "event channels", "Load the module xen-evtchn.");
    const auto server = devices::Client::connect_if_running(options.xendevd_socket);
    if (server && *server)
        report(true, "xendevd, for guests with devices", "", "");
    else
        std::printf("none    xendevd, for guests with devices\n"); // one can do without
    return good;
}

} // namespace chaos::daemon
