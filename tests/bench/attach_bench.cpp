// SPDX-License-Identifier: BSD-3-Clause
// How long after a running guest was given one more vif frames go through it both ways.
#include <unistd.h>

#include <cstdlib>

#include "libchaos/domain/attach.hpp"
#include "libchaos/domain/create.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/lifecycle.hpp"
#include "tests/bench/network_client.hpp"
#include "tests/bench/process.hpp"
#include "tests/bench/samples.hpp"

namespace {

using chaos::Error;
using chaos::Host;
using chaos::Result;

constexpr std::uint64_t patience_ns = 5'000'000'000;

struct Job {
    std::string name = "attach";
    std::string bridge;
    std::string kernel; ///< daytime: it notices vifs that come
    chaos::Ipv4Address first_address{};
    unsigned samples = 10;
};

Result<void> attach_and_ping(Host& host, const chaos::GuestInfo& guest, const chaos::VifConfig& vif,
                             bench::Pinger& pinger, bench::Sample& sample) {
    bench::Stopwatch watch(sample);
    const auto attached = TRY(chaos::attach_vif(host, guest, vif));
    watch.lap("attach");
    if (!pinger.ping(*vif.ipv4, patience_ns))
        return Error(chaos::ErrorKind::timed_out, chaos::to_text(*vif.ipv4) + " does not answer pings");
    watch.lap("ping");
    watch.total("attach_to_answer");
    bench::let_host_settle();
    return chaos::detach(host, guest, chaos::devices::DeviceType::vif, attached.id);
}

Result<void> run(const Job& job) {
    Host host = TRY(Host::open());
    const chaos::Kernel kernel = TRY(chaos::Kernel::open(job.kernel));
    chaos::GuestConfig config;
    config.name = "bench-attach";
    config.kernel = job.kernel;
    config.memory_kib = 1024;
    chaos::CreateOptions options;
    options.wait_ready = std::chrono::seconds(10);
    const auto created = TRY(chaos::create(host, config, kernel, options));
    const auto guest = TRY(chaos::find(host, std::to_string(raw(created.id))));
    bench::Pinger pinger;
    bench::Report report(job.name);
    auto measure = [&]() -> Result<void> {
        chaos::VifConfig vif;
        vif.bridge = job.bridge;
        vif.ipv4 = job.first_address;
        vif.ipv4_prefix = 24;
        for (unsigned i = 0; i < job.samples + 1;
             ++i, ++(*vif.ipv4)[3]) { // each time one that dom0 has to ask for
            bench::let_host_settle();
            bench::Sample sample;
            TRY(attach_and_ping(host, guest, vif, pinger, sample));
            if (i > 0) // the first makes the guest's place for a device
                report.add(std::move(sample));
        }
        return {};
    };
    auto measured = measure();
    TRY(chaos::destroy(host, guest));
    TRY(std::move(measured));
    report.print();
    return {};
}

constexpr const char* usage =
    "Usage: attach_bench [--samples N] [--name NAME] DAYTIME BRIDGE ADDRESS\n"
    "Makes a guest of the unikernel DAYTIME without devices, and N times (10) attaches a vif on BRIDGE, pings it, and\n"
    "detaches it. The vifs' addresses are ADDRESS (of a network with 24 bits) and those behind it. ns.\n";

} // namespace

int main(int argument_count, char** arguments) {
    Job job;
    std::vector<std::string> words;
    for (int i = 1; i < argument_count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--samples" && i + 1 < argument_count)
            job.samples = static_cast<unsigned>(std::strtoul(arguments[++i], nullptr, 10));
        else if (argument == "--name" && i + 1 < argument_count)
            job.name = arguments[++i];
        else
            words.push_back(argument);
    }
    const auto address =
        words.size() == 3 ? chaos::parse_ipv4(words[2]) : Result<chaos::Ipv4Address>(chaos::Ipv4Address{});
    if (words.size() != 3 || !address || job.samples == 0 || job.samples > 100) {
        std::fputs(usage, stderr);
        return 2;
    }
    job.kernel = words[0];
    job.bridge = words[1];
    job.first_address = *address;
    if (const auto done = run(job); !done) {
        std::fprintf(stderr, "attach_bench: %s\n", done.error().story().c_str());
        return 1;
    }
}
