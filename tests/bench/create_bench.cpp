// SPDX-License-Identifier: BSD-3-Clause
// What libchaos needs to create and destroy a guest, how much of the hypervisor's memory a guest costs, and
// whether the two thousandth creation costs more than the first.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "libchaos/domain/create.hpp"
#include "libchaos/domain/execute.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/lifecycle.hpp"
#include "libchaos/domain/prepare.hpp"
#include "tests/bench/samples.hpp"

namespace {

using chaos::Host;
using chaos::Kernel;
using chaos::Result;

constexpr std::chrono::seconds ready_timeout{10};
constexpr const char* state_directory = "/run/chaos-bench"; // a tmpfs, as the real one

struct Job {
    std::string mode = "create";
    std::string name = "libchaos";
    std::string kernel;
    std::uint64_t memory_kib = 4096;
    unsigned samples = 20;
    bool is_served = false; ///< by xendevd: then the phases by themselves are of no interest
    std::string vif_bridge; ///< one vif, if not empty
};

chaos::GuestConfig config_of(const Job& job, unsigned index) {
    chaos::GuestConfig config;
    config.name = "bench-" + std::to_string(index);
    config.kernel = job.kernel;
    config.memory_kib = job.memory_kib;
    if (!job.vif_bridge.empty())
        config.vifs.emplace_back().bridge = job.vif_bridge;
    return config;
}

Result<chaos::CreatedGuest> make_guest(Host& host, const Job& job, const Kernel& kernel, unsigned index,
                                       bench::Sample& sample) {
    chaos::CreateOptions options;
    options.wait_ready = ready_timeout;
    const chaos::GuestConfig config = config_of(job, index);
    bench::Stopwatch watch(sample);
    auto created = TRY(chaos::create(host, config, kernel, options));
    watch.lap("create");
    const chaos::PhaseTimes& times = created.times;
    sample.emplace_back("create_to_ready", (times.prepare_us + times.execute_us + times.ready_us) * 1000);
    return created;
}

Result<void> end_guest(Host& host, chaos::DomainId id, bench::Sample& sample) {
    bench::Stopwatch watch(sample);
    const auto guest = TRY(chaos::find(host, std::to_string(raw(id))));
    watch.lap("find");
    TRY(chaos::destroy(host, guest));
    watch.lap("destroy");
    return {};
}

/// The two phases by themselves, as a pool of shells would use them: no name, no record.
Result<void> run_phases(Host& host, const Job& job, const Kernel& kernel, bench::Sample& sample) {
    const chaos::GuestConfig config = config_of(job, 0);
    const chaos::Flavour flavour = chaos::flavour_of(config, kernel.headers());
    const auto uuid = chaos::Uuid::random();
    bench::Stopwatch watch(sample);
    auto shell = TRY(chaos::prepare(host, chaos::DomainId{32000}, uuid, flavour));
    watch.lap("prepare");
    auto guest =
        TRY(chaos::execute(host, std::move(shell), config, kernel, {.paused = false, .watch = true}));
    watch.lap("execute");
    TRY(guest.wait_ready(ready_timeout, -1));
    watch.lap("ready");
    sample.emplace_back("execute_to_ready", sample[1].second + sample[2].second);
    return {};
}

/// What follows a domain's end happens a little later in Xen: its memory is scrubbed, its structures are freed. xendevd
/// takes longer to take a TAP device away.
void let_settle(const Job& job) {
    usleep(job.is_served ? 100'000 : 20'000);
}

/// Creates guests one after the other, each destroyed before the next.
Result<void> measure_create(Host& host, const Job& job, const Kernel& kernel) {
    bench::Report creations(job.name);
    bench::Report phases(job.name + "_phases");
    for (unsigned i = 0; i < job.samples + 3; ++i) {
        const bool warm = i >= 3; // the first meet cold caches of kernel and libraries
        let_settle(job);
        bench::Sample sample;
        const auto guest = TRY(make_guest(host, job, kernel, i, sample));
        let_settle(job);
        TRY(end_guest(host, guest.id, sample));
        if (warm)
            creations.add(std::move(sample));
        if (job.is_served)
            continue;
        let_settle(job);
        bench::Sample phase_sample;
        TRY(run_phases(host, job, kernel, phase_sample));
        if (warm)
            phases.add(std::move(phase_sample));
    }
    creations.print();
    phases.print();
    return {};
}

/// Creates guests and keeps them until the end: the time of each, and the memory of all.
Result<void> measure_kept(Host& host, const Job& job, const Kernel& kernel) {
    for (unsigned i = 0; i < 3; ++i) {
        bench::Sample ignored;
        const auto guest = TRY(make_guest(host, job, kernel, i, ignored));
        TRY(end_guest(host, guest.id, ignored));
    }
    let_settle(job);
    bench::Report creations(job.name);
    std::vector<chaos::DomainId> guests;
    const std::uint64_t free_before = TRY(host.control().free_memory_kib());
    for (unsigned i = 0; i < job.samples; ++i) {
        bench::Sample sample;
        guests.push_back(TRY(make_guest(host, job, kernel, i, sample)).id);
        creations.add(std::move(sample));
    }
    const std::uint64_t free_after = TRY(host.control().free_memory_kib());
    for (const chaos::DomainId id : guests) {
        bench::Sample ignored;
        TRY(end_guest(host, id, ignored));
    }
    creations.print();
    const double each = static_cast<double>(free_before - free_after) / job.samples;
    std::printf("{\"bench\": \"%s\", \"guests\": %u, \"memory_kib\": {\"guest\": %llu, \"whole\": %.1f, "
                "\"beyond\": %.1f}}\n",
                job.name.c_str(), job.samples, static_cast<unsigned long long>(job.memory_kib), each,
                each - static_cast<double>(job.memory_kib));
    return {};
}

Result<void> run(const Job& job) {
    chaos::HostOptions options;
    options.state_directory = state_directory;
    Host host = TRY(Host::open(options));
    if (job.is_served)
        TRY(host.needed_devices());
    const Kernel kernel = TRY(Kernel::open(job.kernel));
    return job.mode == "keep" ? measure_kept(host, job, kernel) : measure_create(host, job, kernel);
}

constexpr const char* usage =
    "Usage: create_bench [--keep] [--memory KIB] [--samples N] [--name NAME] [--served [--vif BRIDGE]] KERNEL\n"
    "Creates and destroys N noxs guests (20 of 4096 KiB) through libchaos and prints the times, ns.\n"
    "--keep    destroys them only at the end, and says what memory each cost the hypervisor\n"
    "--served  with xendevd, which has their consoles, and with --vif one vif each\n";

} // namespace

int main(int argument_count, char** arguments) {
    Job job;
    bool understood = true;
    for (int i = 1; i < argument_count; ++i) {
        const std::string argument = arguments[i];
        const bool more = i + 1 < argument_count;
        if (argument == "--keep")
            job.mode = "keep";
        else if (argument == "--served")
            job.is_served = true;
        else if (argument == "--vif" && more)
            job.vif_bridge = arguments[++i];
        else if (argument == "--memory" && more)
            job.memory_kib = std::strtoull(arguments[++i], nullptr, 10);
        else if (argument == "--samples" && more)
            job.samples = static_cast<unsigned>(std::strtoul(arguments[++i], nullptr, 10));
        else if (argument == "--name" && more)
            job.name = arguments[++i];
        else if (!argument.starts_with("-") && job.kernel.empty())
            job.kernel = argument;
        else
            understood = false;
    }
    if (!understood || job.kernel.empty() || job.samples == 0 || job.samples > 32000) {
        std::fputs(usage, stderr);
        return 2;
    }
    const auto done = run(job);
    std::filesystem::remove_all(state_directory);
    if (!done) {
        std::fprintf(stderr, "create_bench: %s\n", done.error().story().c_str());
        return 1;
    }
}
