// SPDX-License-Identifier: BSD-3-Clause
// chaos create: from a configuration file to running guests.
#include "libchaos/domain/create.hpp"

#include "chaos/arguments.hpp"
#include "chaos/attended.hpp"
#include "chaos/batch.hpp"
#include "chaos/config_words.hpp"
#include "chaos/context.hpp"
#include "chaos/create_by_daemon.hpp"
#include "chaos/device_verbs.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

constexpr unsigned most_guests = 32'751; // Xen has no more domain ids
constexpr std::chrono::milliseconds default_wait{60'000};

Error excluded(const char* what, const char* why) {
    return Error(ErrorKind::invalid_argument, what).advise(why);
}

Result<CreateWish> wish_of(const Context& context, const Arguments& arguments) {
    CreateWish wish;
    auto count = arguments.number("nr-doms", 1, most_guests, 1);
    if (!count)
        return std::move(count).error().advise("'chaos create --dry-run' is what 'xl create -n' does.");
    wish.count = *count;
    wish.paused = arguments.has("paused");
    wish.console = arguments.has("console");
    wish.dry_run = arguments.has("dry-run");
    if (arguments.has("wait"))
        wish.wait = TRY(arguments.seconds("wait", default_wait));
    wish.no_daemon = arguments.has("no-daemon") || arguments.has("skip-daemon");
    wish.flavour = std::string(arguments.value("flavour").value_or(""));
    if (wish.no_daemon && !wish.flavour.empty())
        return excluded("--flavour and --no-daemon exclude each other",
                        "It is chaosd that keeps pools of flavours.");
    if (wish.console && wish.count > 1)
        return excluded("-c and -n exclude each other",
                        "A terminal shows one console; use 'chaos console NAME-1'.");
    if (wish.console && wish.wait)
        return excluded("-c and --wait exclude each other",
                        "With -c you see for yourself when the guest is up.");
    if (wish.console && context.json)
        return excluded("-c and --json exclude each other", "Standard output cannot carry both.");
    if (wish.paused && wish.wait)
        return excluded("-p and --wait exclude each other", "A paused guest never says that it is ready.");
    return wish;
}

Result<ExitCode> print_dry_run(const Context& context, const std::vector<GuestConfig>& configs) {
    if (context.json) {
        Json guests = Json::array();
        for (const GuestConfig& config : configs)
            guests.push_back({{"name", config.name}, {"config", json_of(config)}});
        TRY(print_json(Json{{"guests", std::move(guests)}}));
        return ExitCode::success;
    }
    const GuestConfig& config = configs.front();
    std::string lines = format("would create %s", config.name.c_str());
    if (configs.size() > 1)
        lines += format(" to %s", configs.back().name.c_str());
    lines += format(": %s, %.10g MiB, %u vCPU%s, kernel %s", config.type == GuestType::pvh ? "pvh" : "pv",
                    static_cast<double>(config.memory_kib) / 1024, config.vcpus, config.vcpus == 1 ? "" : "s",
                    config.kernel.c_str());
    if (!config.ramdisk.empty())
        lines += ", ramdisk " + config.ramdisk;
    const auto several = [](std::size_t count, const char* what) {
        return count == 0 ? std::string() : format(", %zu %s%s", count, what, count == 1 ? "" : "s");
    };
    lines += several(config.vifs.size(), "vif") + several(config.disks.size(), "disk");
    if (!config.command_line.empty())
        lines += ", command line '" + config.command_line + "'";
    TRY(print(lines + "\n"));
    return ExitCode::success;
}

/// The daemon, if one runs and is wanted.
Result<std::optional<DaemonClient>> daemon_for(const Context& context, const CreateWish& wish) {
    if (wish.no_daemon)
        return std::optional<DaemonClient>();
    if (!wish.flavour.empty())
        return std::optional(TRY(DaemonClient::connect(context.daemon_socket())));
    return DaemonClient::connect_if_running(context.daemon_socket());
}

Result<ExitCode> have_it_made(Context& context, DaemonClient& client, const GuestConfig& config,
                              CreateWish wish) {
    const StopSignals signals = TRY(StopSignals::catch_them());
    const bool paused = std::exchange(wish.paused, wish.paused || wish.console);
    const bool told = context.json || context.verbose || wish.console;
    auto asked = as_configuration(create_by_daemon(client, config, wish, signals, told));
    if (!asked && asked.error().kind() == ErrorKind::name_taken)
        return std::move(asked).error().advise(other_name_advice);
    const auto made = TRY(std::move(asked));
    if (context.verbose)
        for (const MadeGuest& one : made)
            say_what_was_done(one);
    if (wish.console)
        return attend_new(context, made.front().guest, paused, signals);
    if (context.json)
        TRY(print_made(made));
    return ExitCode::success;
}

Result<ExitCode> make_it(Context& context, const GuestConfig& config, const CreateWish& wish) {
    const auto configs = TRY(numbered(config, wish.count));
    const Kernel kernel = TRY(Kernel::open(config.kernel, context.kernel_cache()));
    TRY(check_creatable(config, kernel).while_doing("checking guest " + config.name));
    if (wish.dry_run)
        return print_dry_run(context, configs);

    const StopSignals signals = TRY(StopSignals::catch_them());
    if (wish.console)
        return create_attended(context, config, kernel, wish.paused, signals);
    const CreateOptions options{wish.paused, wish.wait, signals.fd()};
    const auto created = TRY(create_all(context, configs, kernel, options, signals));
    if (!context.json)
        return ExitCode::success;
    std::vector<MadeGuest> made;
    for (const CreatedGuest& guest : created)
        made.push_back({.guest = guest,
                        .pool = {},
                        .total_us = guest.times.prepare_us + guest.times.execute_us + guest.times.ready_us});
    TRY(print_made(made));
    return ExitCode::success;
}

Result<ExitCode> create_guests(Context& context, const Arguments& arguments) {
    const CreateWish wish = TRY(wish_of(context, arguments));
    const GuestConfig config = TRY(config_of(arguments.positionals()));
    if (wish.count > 1)
        TRY(check_repeatable(config).while_doing("making " + std::to_string(wish.count) + " guests"));
    if (!wish.dry_run)
        if (auto client = TRY(daemon_for(context, wish)))
            return have_it_made(context, *client, config, wish);
    return make_it(context, config, wish);
}

constexpr const char* text[] = {
    "Makes the guest that FILE describes, in the syntax of xl.cfg (see chaos.cfg(5)), and starts it. "
    "Settings after FILE override those in it; with settings alone, FILE can be left out.",
    "Either everything that was asked for is there when the command returns, or nothing is: when a guest "
    "fails, or the command is interrupted, the guests that it has made are destroyed again.",
    "What becomes of a guest that stops, by itself or because it crashed, its configuration says where chaosd(8) "
    "runs. Where it does not, the guest stays in 'chaos list' until 'chaos destroy' removes it or 'chaos reboot' "
    "makes it anew.",
    "A guest with vifs or disks, and a stock kernel that needs a XenStore of its own, needs xendevd(8) to be "
    "running.",
    "Where chaosd(8) runs, it makes the guest: in a shell of one of its pools if one suits, which takes less time, or "
    "from nothing.",
    "The command returns as soon as the guest runs. With --wait it returns when the guest has said that it "
    "is up, which needs a kernel that speaks noxs. A guest that dies instead, or takes too long, is "
    "destroyed, and what it last wrote on its console is shown."};
constexpr Option options[] = {
    {'n', "nr-doms", Takes::value, "N",
     "Make N guests, called NAME-1 to NAME-N, each with a UUID of its own."},
    {'p', "paused", Takes::nothing, nullptr, "Leave the guests paused, until 'chaos unpause'."},
    {'c', "console", Takes::nothing, nullptr,
     "Stay with the guest on its console, from its first output on; Ctrl-] leaves it running."},
    {0, "wait", Takes::joined_value, "SECONDS",
     "Return only when each guest has said that it is ready, at most after so many seconds each (60 if not "
     "given)."},
    {0, "flavour", Takes::value, "FLAVOUR",
     "Take the guest from the pool of this flavour, where chaosd would otherwise take any that suits.",
     Completes::flavour},
    {'s', "no-daemon", Takes::nothing, nullptr, "Make the guest without chaosd, even if it runs."},
    {0, "skip-daemon", Takes::nothing, nullptr, "The same, as it was called once."},
    {0, "dry-run", Takes::nothing, nullptr,
     "Check the configuration, the kernel and the ramdisk, and say what would be made. Needs neither Xen nor "
     "privileges."},
};
constexpr Positional positionals[] = {
    {"FILE", true, false, Completes::file, "The configuration. Needed unless the settings are all there is."},
    {"KEY=VALUE", true, true, Completes::setting,
     "A setting in the syntax of the file; a text of one word needs no quotes here."}};
constexpr Example examples[] = {
    {"chaos create web.cfg", "Make a guest."},
    {"chaos create --wait -n 50 noop.cfg memory=1",
     "Make noop-1 to noop-50, of 1 MiB each, and wait until all are up."},
    {"chaos create -c web.cfg cmdline=verbose", "Make a guest and watch it start."},
    {"chaos create name=a kernel=/boot/noop memory=4", "Make a guest without a file."},
    {"chaos create web.cfg vif=['bridge=xenbr1']", "Make a guest with another network than the file says."}};
constexpr ExitCode exits[] = {ExitCode::configuration, ExitCode::host,         ExitCode::name_taken,
                              ExitCode::out_of_memory, ExitCode::guest_failed, ExitCode::timed_out,
                              ExitCode::interrupted};
constexpr JsonField fields[] = {
    {"guests[].name", "The name."},
    {"guests[].id", "The domain id."},
    {"guests[].uuid", "The UUID."},
    {"guests[].hit", "Whether it was made in a shell of a pool of chaosd."},
    {"guests[].pool", "The flavour of the pool that suits, or null."},
    {"guests[].queued_us", "Microseconds until chaosd began; 0 without it."},
    {"guests[].prepare_us", "Microseconds until domain, memory and devices were there."},
    {"guests[].execute_us", "Microseconds from there until the guest ran."},
    {"guests[].ready_us", "Microseconds from there until it said ready; null if that was not waited for."},
    {"guests[].total_us", "Microseconds of all of these together."},
    {"guests[].config", "With --dry-run, instead of all the above but name: the configuration."},
};

} // namespace

constinit const Verb create_verb = {.name = "create",
                                    .summary = "Make guests from a configuration file and start them",
                                    .text = text,
                                    .options = options,
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .json_fields = fields,
                                    .run = create_guests};

} // namespace chaos::cli
