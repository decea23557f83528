// SPDX-License-Identifier: BSD-3-Clause
// chaosd: reads its file, sees that it is the only one, and runs engine and API on one loop until it is told to end.
#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "chaos/daemon/api/http_server.hpp"
#include "chaos/daemon/check.hpp"
#include "chaos/daemon/engine.hpp"
#include "chaos/daemon/event_log.hpp"
#include "chaos/daemon/log.hpp"
#include "chaos/daemon/options.hpp"
#include "chaos/daemon/settings.hpp"
#include "libchaos/notify_systemd.hpp"

namespace chaos::daemon {
namespace {

/// A shell takes a descriptor, and so does each client.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    constexpr rlim_t wanted = 1 << 20; // the kernel's own default for fs.nr_open
    const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
    if (limit.rlim_cur >= wanted || ::setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit); // what there is must do
}

/// Held as long as the process lives.
Result<UniqueFd> be_the_only_one(const std::string& state_directory) {
    (void)::mkdir(state_directory.c_str(), 0755); // whoever opens the lock tells what was wrong
    const std::string path = state_directory + "/chaosd.lock";
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock.is_open())
        return Error::from_errno("open", errno).while_doing("opening " + path);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return Error(ErrorKind::name_taken, "another chaosd works on " + state_directory)
            .advise("`systemctl status chaosd` tells of the one that systemd has started.");
    return lock;
}

EngineOptions engine_options(const Options& options, const Settings& settings) {
    EngineOptions engine;
    engine.host = {options.state_directory, options.cache_directory, options.xendevd_socket};
    engine.workers = settings.workers.value_or(engine.workers);
    engine.waiters = settings.waiters.value_or(engine.waiters);
    engine.most_queued = settings.most_queued.value_or(engine.most_queued);
    engine.dump_directory = options.library_directory + "/dump";
    engine.saved_pools = options.library_directory + "/pools.json";
    return engine;
}

/// SIGHUP: a file that is wrong now changes nothing.
void reload(Engine& engine, const Options& options, Log& log) {
    notify_systemd("RELOADING=1");
    const auto settings = load_daemon_settings(options.config_file, options.config_named);
    auto configured = settings ? engine.configure(*settings) : Result<void>(Error(settings.error()));
    if (configured)
        log.info("read " + options.config_file + " again");
    else
        log.error(std::move(configured).error().while_doing("reading the configuration again"));
    notify_systemd("READY=1");
}

class Signals {
  public:
    Signals(boost::asio::io_context& loop, Engine& engine, const Options& options, Log& log)
        : loop_(loop), engine_(engine), options_(options), log_(log), set_(loop, SIGTERM, SIGINT, SIGHUP) {
        wait();
    }

  private:
    void wait() {
        set_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error)
                return;
            if (signal != SIGHUP) {
                loop_.stop();
                return;
            }
            reload(engine_, options_, log_);
            wait();
        });
    }

    boost::asio::io_context& loop_;
    Engine& engine_;
    const Options& options_;
    Log& log_;
    boost::asio::signal_set set_;
};

api::ServerOptions server_options(const Options& options, const Settings& settings) {
    api::ServerOptions server;
    server.path = !options.socket.empty() ? options.socket : settings.socket.value_or(default_socket);
    server.mode = settings.socket_mode.value_or(server.mode);
    server.group = settings.socket_group.value_or("");
    return server;
}

Result<void> serve(const Options& options, Log& log) {
    const Settings settings = TRY(load_daemon_settings(options.config_file, options.config_named));
    ::signal(SIGPIPE, SIG_IGN); // a client that leaves
    raise_file_limit();
    (void)::mkdir(options.library_directory.c_str(), 0700); // whoever writes there tells what was wrong
    boost::asio::io_context loop(1);
    const UniqueFd lock = TRY(be_the_only_one(options.state_directory));
    const auto engine = TRY(Engine::open(loop, engine_options(options, settings)));
    const auto subscription = log_events(engine->events(), log);
    TRY(engine->configure(settings));
    const auto server_settings = server_options(options, settings);
    const auto server = TRY(api::HttpServer::open(loop, *engine, server_settings));
    const Signals signals(loop, *engine, options, log);

    notify_systemd("READY=1");
    log.info("serving at " + server_settings.path + "; ends of guests are told by " + engine->word_of_ends());
    loop.run();
    notify_systemd("STOPPING=1");
    return {};
}

int run(int argument_count, const char* const* arguments) {
    auto options = parse_options(argument_count, arguments);
    if (!options) {
        std::fprintf(stderr, "chaosd: %s\n%s\n", options.error().story().c_str(),
                     options.error().advice().c_str());
        return 2;
    }
    if (options->help) {
        std::fputs(help_text().c_str(), stdout);
        return 0;
    }
    if (options->version) {
        std::puts("chaosd " CHAOS_VERSION);
        return 0;
    }
    if (options->check)
        return check_host(*options) ? 0 : 1;
    Log log;
    if (auto served = serve(*options, log); !served) {
        log.error(served.error());
        return 1;
    }
    return 0;
}

} // namespace
} // namespace chaos::daemon

int main(int argument_count, char** arguments) {
    return chaos::daemon::run(argument_count, arguments);
}
