// SPDX-License-Identifier: BSD-3-Clause
// What is left of a creation when the shells were prepared before: from a request until the guest runs and is recorded,
// until it is ready, and until a guest with a vif has answered its first TCP request. xendevd serves them all.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "libchaos/domain/ahead.hpp"
#include "libchaos/domain/lifecycle.hpp"
#include "libchaos/domain/query.hpp"
#include "tests/bench/network_client.hpp"
#include "tests/bench/samples.hpp"

namespace {

using chaos::Host;
using chaos::Result;

constexpr std::chrono::seconds ready_timeout{10};
constexpr std::uint64_t patience_ns = 10'000'000'000;
constexpr const char* state_directory = "/run/chaos-bench"; // a tmpfs, as the real one

struct Job {
    std::string name = "ahead";
    std::string kernel;
    unsigned samples = 20;
    bool cold = false;                               ///< the kernel is loaded when the guest is asked for
    std::string vif_bridge;                          ///< one vif, if not empty
    std::optional<chaos::Ipv4Address> first_address; ///< of the guests, which are asked for the time
};

chaos::GuestConfig config_of(const Job& job) {
    chaos::GuestConfig config;
    config.kernel = job.kernel;
    config.memory_kib = 4096;
    if (!job.vif_bridge.empty())
        config.vifs.emplace_back().bridge = job.vif_bridge;
    return config;
}

void let_settle() {
    usleep(100'000);
}

Result<void> run_guest(Host& host, const Job& job, chaos::ReadyShell shell, const chaos::Kernel& kernel,
                       unsigned index, bench::Sample& sample) {
    chaos::GuestConfig config = config_of(job);
    config.name = "bench-" + std::to_string(index);
    config.command_line = "number " + std::to_string(index);
    if (job.first_address) {
        chaos::Ipv4Address address = *job.first_address;
        address[3] = static_cast<std::uint8_t>(address[3] + index);
        config.vifs.front().ipv4 = address;
        config.vifs.front().ipv4_prefix = 16;
    }
    chaos::CreateOptions options;
    options.wait_ready = ready_timeout;
    bench::Stopwatch watch(sample);
    auto guest = TRY(chaos::create_in(host, std::move(shell), config, kernel, options));
    watch.lap("execute");
    if (job.first_address) {
        if (!bench::ask_time(*config.vifs.front().ipv4, patience_ns))
            return chaos::Error(chaos::ErrorKind::timed_out, "the guest does not tell the time");
        watch.lap("answer");
        watch.total("execute_to_answer");
    } else {
        TRY(guest.started.wait_ready(ready_timeout, -1));
        watch.lap("ready");
        watch.total("execute_to_ready");
    }
    guest.started.keep();
    return {};
}

Result<void> run(const Job& job) {
    chaos::HostOptions options;
    options.state_directory = state_directory;
    Host host = TRY(Host::open(options));
    TRY(host.needed_devices());
    const chaos::Kernel kernel = TRY(chaos::Kernel::open(job.kernel));
    chaos::ShellPlan plan;
    plan.shape = config_of(job);
    plan.kernel = &kernel;
    plan.hot = !job.cold;
    constexpr unsigned warm_up = 3; // the first meet cold caches
    std::vector<bench::Sample> samples(job.samples + warm_up);
    std::vector<chaos::ReadyShell> shells;
    for (bench::Sample& sample : samples) {
        bench::Stopwatch watch(sample);
        shells.push_back(TRY(chaos::prepare_ahead(host, plan)));
        watch.lap("prepare");
    }
    bench::Report report(job.name);
    for (unsigned index = 0; index < samples.size(); ++index) {
        let_settle();
        TRY(chaos::verify(host, shells.back()));
        chaos::ReadyShell shell = std::move(shells.back());
        shells.pop_back();
        const chaos::DomainId id = shell.id();
        TRY(run_guest(host, job, std::move(shell), kernel, index, samples[index]));
        let_settle();
        bench::Stopwatch watch(samples[index]);
        const auto guest = TRY(chaos::find(host, std::to_string(raw(id))));
        TRY(chaos::destroy(host, guest));
        watch.lap("destroy");
        if (index >= warm_up)
            report.add(std::move(samples[index]));
    }
    report.print();
    return {};
}

constexpr const char* usage =
    "Usage: ahead_bench [--samples N] [--name NAME] [--cold] [--vif BRIDGE [--address ADDRESS]] KERNEL\n"
    "Prepares shells for N guests (20, of 4 MiB) and makes the guests in them, one after the other; prints the times, ns.\n"
    "--cold     loads the kernel when the guest is asked for\n"
    "--address  the guests have this and the following addresses, tell the time, and are asked for it\n";

} // namespace

int main(int argument_count, char** arguments) {
    Job job;
    bool understood = true;
    for (int i = 1; i < argument_count; ++i) {
        const std::string argument = arguments[i];
        const bool more = i + 1 < argument_count;
        if (argument == "--cold")
            job.cold = true;
        else if (argument == "--vif" && more)
            job.vif_bridge = arguments[++i];
        else if (argument == "--address" && more) {
            const auto address = chaos::parse_ipv4(arguments[++i]);
            understood &= address.has_value();
            if (address)
                job.first_address = *address;
        } else if (argument == "--samples" && more)
            job.samples = static_cast<unsigned>(std::strtoul(arguments[++i], nullptr, 10));
        else if (argument == "--name" && more)
            job.name = arguments[++i];
        else if (!argument.starts_with("-") && job.kernel.empty())
            job.kernel = argument;
        else
            understood = false;
    }
    if (!understood || job.kernel.empty() || job.samples == 0 || job.samples > 100 ||
        (job.first_address && job.vif_bridge.empty())) {
        std::fputs(usage, stderr);
        return 2;
    }
    const auto done = run(job);
    std::filesystem::remove_all(state_directory);
    if (!done) {
        std::fprintf(stderr, "ahead_bench: %s\n", done.error().story().c_str());
        return 1;
    }
}
