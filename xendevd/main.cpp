// SPDX-License-Identifier: BSD-3-Clause
// xendevd: opens what takes privileges, takes up the guests of a former life, gives its privileges away, and serves.
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "libchaos/notify_systemd.hpp"
#include "libchaos/xen/control.hpp"
#include "xendevd/check.hpp"
#include "xendevd/guests.hpp"
#include "xendevd/kernel/kernel_vifs.hpp"
#include "xendevd/log.hpp"
#include "xendevd/options.hpp"
#include "xendevd/privileges.hpp"
#include "xendevd/server.hpp"
#include "xendevd/vif/networks.hpp"

namespace xendevd {
namespace {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

/// SIGTERM and SIGINT end the loop.
class StopSignals final : DescriptorHandler {
  public:
    explicit StopSignals(EventLoop& loop) : loop_(loop) {}
    Result<void> start() {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0)
            return Error::from_errno("sigprocmask", errno);
        descriptor_.reset(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!descriptor_.is_open())
            return Error::from_errno("signalfd", errno);
        return loop_.add(descriptor_.get(), EPOLLIN, *this);
    }
    ~StopSignals() { loop_.remove(descriptor_.get()); }

  private:
    void handle_descriptor(std::uint32_t) override { loop_.stop(); }

    EventLoop& loop_;
    chaos::UniqueFd descriptor_;
};

Result<void> serve(const Options& options, Log& log) {
    TRY(raise_file_limit());
    const std::string journals = options.state_directory + "/devices";
    TRY(make_directory_for(options.state_directory, 0755, "root"));
    TRY(make_directory_for(journals, 0700, options.user));
    TRY(make_directory_for(journals + "/stores", 0700, options.user));
    TRY(make_directory_for(options.log_directory, 0750, options.user));

    auto loop = TRY(EventLoop::open());
    auto grants = TRY(chaos::xen::GrantTable::open());
    StopSignals stop_signals(*loop);
    TRY(stop_signals.start());
    auto networks = TRY(Networks::open(*loop, grants, log, options.switches, options.default_bridge));
    Daemon daemon{*loop, grants, log, networks.get(), options.log_directory};
    Guests guests(daemon, journals);
    auto server = TRY(Server::open(daemon, guests, options.socket));
    {
        // The one handle that could do anything to any guest is closed again before the first guest is heard.
        auto control = TRY(chaos::xen::Control::open());
        TRY(guests.restore(control));
    }
    TRY(networks->remove_leftovers([&](chaos::DomainId domain, std::uint16_t id) {
        const Guest* guest = guests.find(domain);
        return guest && guest->has(DeviceType::vif, id);
    }));
    const auto kernel_vifs = TRY(KernelVifs::open(daemon, options.xenstored_socket));
    TRY(become_user(options.user));
    TRY(networks->start_worker()); // with no more rights than we have now; the filter is for it as well
    TRY(restrict_system_calls());

    chaos::notify_systemd("READY=1\nSTATUS=Serving " + std::to_string(guests.size()) + " guests");
    log.info("serving at " + options.socket + "; " + std::to_string(guests.size()) + " guests taken up");
    auto ended = loop->run();
    chaos::notify_systemd("STOPPING=1");
    networks->keep_devices(); // the next xendevd finds them as they are
    return ended;
}

int run(int argument_count, const char* const* arguments) {
    auto options = parse_options(argument_count, arguments);
    if (!options) {
        std::fprintf(stderr, "xendevd: %s\n%s\n", options.error().story().c_str(),
                     options.error().advice().c_str());
        return 2;
    }
    if (options->help) {
        std::fputs(help_text().c_str(), stdout);
        return 0;
    }
    if (options->version) {
        std::puts("xendevd " CHAOS_VERSION);
        return 0;
    }
    if (options->check)
        return check_host(*options) ? 0 : 1;
    Log log(options->debug);
    if (auto served = serve(*options, log); !served) {
        const Error& error = served.error();
        log.error(error.story() + (error.advice().empty() ? "" : ". " + error.advice()));
        return 1;
    }
    return 0;
}

} // namespace
} // namespace xendevd

int main(int argument_count, char** arguments) {
    return xendevd::run(argument_count, arguments);
}
