// SPDX-License-Identifier: BSD-3-Clause
// What many idle guests with a vif and a console each cost dom0: memory of xendevd, and CPU time.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libchaos/domain/create.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/lifecycle.hpp"
#include "tests/bench/network_client.hpp"
#include "tests/bench/samples.hpp"

namespace {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Host;
using chaos::Result;

constexpr const char* state_directory = "/run/chaos-bench"; // a tmpfs, as the real one
constexpr std::uint64_t patience_ns = 5'000'000'000;
constexpr unsigned quiet_s = 15; ///< the guests' ARP has gone to sleep by then
constexpr unsigned measured_s = 60;

/// A switch, and the network of 16 bits behind it.
struct Network {
    std::string bridge;
    chaos::Ipv4Address address{};
};

struct Job {
    std::string kernel;
    std::vector<Network> networks; ///< the guests are shared out among them
    unsigned guests = 1000;
};

/// The xendevd that serves this host.
Result<pid_t> xendevd_pid(Host& host) {
    chaos::devices::Client* const client = TRY(host.needed_devices());
    const auto status = TRY(client->status());
    return static_cast<pid_t>(status.pid);
}

/// What of its memory is a process's own, beyond the guests' pages that it has mapped.
Result<std::uint64_t> own_memory_kib(pid_t process) {
    std::ifstream maps("/proc/" + std::to_string(process) + "/smaps");
    std::uint64_t sum = 0;
    bool is_guests = false;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        std::string first;
        std::uint64_t kib = 0;
        words >> first;
        if (!first.empty() && first.back() != ':')
            is_guests = line.find("/dev/xen/") != line.npos;
        else if (first == "Pss:" && !is_guests && words >> kib)
            sum += kib;
    }
    if (sum == 0)
        return Error(ErrorKind::system, "xendevd's memory cannot be read");
    return sum;
}

/// Of one CPU, in per cent, while nothing happens.
Result<double> dom0_cpu(Host& host) {
    const auto time = [&]() -> Result<std::uint64_t> {
        const auto dom0 = TRY(host.control().domain_info(chaos::DomainId{0}));
        return dom0->cpu_time_ns;
    };
    const std::uint64_t before = TRY(time()), start = bench::now_ns();
    sleep(measured_s);
    const std::uint64_t after = TRY(time()), end = bench::now_ns();
    return 100.0 * static_cast<double>(after - before) / static_cast<double>(end - start);
}

chaos::GuestConfig config_of(const Job& job, unsigned index) {
    chaos::GuestConfig config;
    config.name = "bench-" + std::to_string(index);
    config.kernel = job.kernel;
    config.memory_kib = 1024;
    chaos::VifConfig vif;
    const Network& network = job.networks[index % job.networks.size()];
    vif.bridge = network.bridge;
    vif.ipv4 = network.address;
    (*vif.ipv4)[2] = static_cast<std::uint8_t>(100 + index / 200);
    (*vif.ipv4)[3] = static_cast<std::uint8_t>(10 + index % 200);
    vif.ipv4_prefix = 16;
    config.vifs.push_back(vif);
    return config;
}

Result<void> run(const Job& job) {
    chaos::HostOptions options;
    options.state_directory = state_directory;
    Host host = TRY(Host::open(options));
    const chaos::Kernel kernel = TRY(chaos::Kernel::open(job.kernel));
    const pid_t xendevd = TRY(xendevd_pid(host));
    chaos::CreateOptions create_options;
    create_options.wait_ready = std::chrono::seconds(10);
    bench::Pinger pinger;
    std::vector<chaos::DomainId> guests;
    const auto make = [&](unsigned index) -> Result<void> {
        const chaos::GuestConfig config = config_of(job, index);
        guests.push_back(TRY(chaos::create(host, config, kernel, create_options)).id);
        if (!pinger.ping(*config.vifs[0].ipv4, patience_ns))
            return Error(ErrorKind::timed_out, config.name + " does not answer pings");
        return {};
    };
    const auto measure = [&]() -> Result<void> {
        TRY(make(0)); // what xendevd needs for the first is not said of each
        sleep(quiet_s);
        const std::uint64_t memory_before = TRY(own_memory_kib(xendevd));
        const double cpu_before = TRY(dom0_cpu(host));
        for (unsigned index = 1; index <= job.guests; ++index)
            TRY(make(index));
        sleep(quiet_s);
        const std::uint64_t memory_after = TRY(own_memory_kib(xendevd));
        const double cpu_after = TRY(dom0_cpu(host));
        std::printf(
            "{\"bench\": \"idle\", \"guests\": %u, \"xendevd_kib\": {\"one\": %llu, \"all\": %llu, \"each\": "
            "%.2f}, \"dom0_cpu_percent\": {\"one\": %.4f, \"all\": %.4f}}\n",
            job.guests, static_cast<unsigned long long>(memory_before),
            static_cast<unsigned long long>(memory_after),
            (static_cast<double>(memory_after) - static_cast<double>(memory_before)) / job.guests, cpu_before,
            cpu_after);
        return {};
    };
    auto measured = measure();
    for (const chaos::DomainId id : guests) {
        const auto guest = TRY(chaos::find(host, std::to_string(raw(id))));
        TRY(chaos::destroy(host, guest));
    }
    return measured;
}

constexpr const char* usage =
    "Usage: idle_bench [--guests N] DAYTIME SWITCH=ADDRESS/16...\n"
    "Makes N guests (1000) of the unikernel DAYTIME with 1 MiB and a vif on one of the SWITCHes each, sees that all\n"
    "answer pings, and looks at xendevd and dom0 while they idle. ADDRESS is the host's on that switch.\n";

/// "benchsw0=10.10.0.1/16"
Result<Network> parse_network(std::string_view text) {
    const std::size_t equals = text.find('='), slash = text.find('/');
    if (equals == text.npos || slash == text.npos || slash < equals || text.substr(slash) != "/16")
        return Error(ErrorKind::invalid_argument, std::string(text) + " is not SWITCH=ADDRESS/16");
    const auto address = TRY(chaos::parse_ipv4(text.substr(equals + 1, slash - equals - 1)));
    return Network{std::string(text.substr(0, equals)), address};
}

Result<Job> job_of(const std::vector<std::string>& words) {
    Job job;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--guests" && i + 1 < words.size())
            job.guests = static_cast<unsigned>(std::strtoul(words[++i].c_str(), nullptr, 10));
        else if (job.kernel.empty())
            job.kernel = words[i];
        else
            job.networks.push_back(TRY(parse_network(words[i])));
    }
    if (job.networks.empty() || job.guests == 0 || job.guests > 10'000)
        return Error(ErrorKind::invalid_argument, "1 to 10,000 guests need a kernel and a switch");
    return job;
}

} // namespace

int main(int argument_count, char** arguments) {
    const auto job = job_of({arguments + 1, arguments + argument_count});
    if (!job) {
        std::fprintf(stderr, "idle_bench: %s\n%s", job.error().story().c_str(), usage);
        return 2;
    }
    const auto done = run(*job);
    std::filesystem::remove_all(state_directory);
    if (!done) {
        std::fprintf(stderr, "idle_bench: %s\n", done.error().story().c_str());
        return 1;
    }
}
