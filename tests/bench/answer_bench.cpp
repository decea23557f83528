// SPDX-License-Identifier: BSD-3-Clause
// From the start of a `chaos create` process until the guest it makes has answered its first TCP request, on a Linux
// bridge without any other port and on xendevd's own switch; and `xl create` of a guest of the same shape on that bridge,
// all in turns.
//
// The client asks as soon as the process has ended. xl's guest is not asked: the unikernel cannot use the vif that xl gives
// it, so of xl only the process counts, which ends when the guest is unpaused.
#include "libchaos/config/devices.hpp"
#include "tests/bench/network_client.hpp"
#include "tests/bench/process.hpp"

namespace {

constexpr std::uint64_t patience_ns = 10'000'000'000;
constexpr const char* chaos_program = "/usr/bin/chaos";
constexpr const char* xl_program = "/usr/sbin/xl";

struct Network {
    std::string bridge;
    chaos::Ipv4Address next_address; ///< each guest gets another, so that dom0 has to ask for it
};

std::string config_of(const std::string& kernel, const std::string& vif) {
    return "name = \"bench\"\ntype = \"pvh\"\nmemory = 4\nkernel = \"" + kernel + "\"\nvif = ['" + vif +
           "']\n";
}

void answer(const std::string& kernel, const std::string& file, Network& network, std::string_view process,
            std::string_view whole, bench::Sample& sample) {
    const chaos::Ipv4Address address = network.next_address;
    ++network.next_address[3];
    bench::write_file(
        file, config_of(kernel, "bridge=" + network.bridge + ",ip=" + chaos::to_text(address) + "/24"));
    bench::let_host_settle();
    const std::uint64_t start = bench::now_ns();
    sample.emplace_back(process, bench::run({chaos_program, "create", file}, bench::Way::vfork));
    if (!bench::ask_time(address, patience_ns))
        bench::fail(chaos::to_text(address) + " does not tell the time");
    sample.emplace_back(whole, bench::now_ns() - start);
    bench::let_host_settle();
    bench::run({chaos_program, "destroy", "bench"}, bench::Way::vfork);
}

constexpr const char* usage =
    "Usage: answer_bench [--samples N] DAYTIME BRIDGE ADDRESS SWITCH ADDRESS\n"
    "Makes guests of the unikernel DAYTIME with 4 MiB and one vif, by chaos on BRIDGE and on xendevd's SWITCH, until\n"
    "each tells the time, and by xl on BRIDGE. Their addresses are the ADDRESS and those behind it. ns.\n";

} // namespace

int main(int argument_count, char** arguments) {
    unsigned samples = 10;
    bench::Command words;
    for (int i = 1; i < argument_count; ++i) {
        const std::string argument = arguments[i];
        if (argument == "--samples" && i + 1 < argument_count)
            samples = static_cast<unsigned>(std::strtoul(arguments[++i], nullptr, 10));
        else
            words.push_back(argument);
    }
    if (words.size() != 5 || samples == 0 || samples > 100) {
        std::fputs(usage, stderr);
        return 2;
    }
    const auto first = chaos::parse_ipv4(words[2]), second = chaos::parse_ipv4(words[4]);
    if (!first || !second)
        bench::fail("an address is no address");
    const std::string& kernel = words[0];
    Network bridge{words[1], *first}, own_switch{words[3], *second};

    char directory[] = "/run/answer-bench.XXXXXX";
    if (!::mkdtemp(directory))
        bench::fail(std::string("mkdtemp: ") + std::strerror(errno));
    const std::string file = directory + std::string("/guest.cfg");
    bench::Report report("answer");
    {
        const bench::Silence silence;
        for (unsigned i = 0; i < samples + 1; ++i) {
            bench::Sample sample;
            answer(kernel, file, bridge, "chaos_bridge_process", "chaos_bridge_answer", sample);
            answer(kernel, file, own_switch, "chaos_switch_process", "chaos_switch_answer", sample);
            bench::write_file(file, config_of(kernel, "bridge=" + bridge.bridge));
            bench::let_host_settle();
            // Left to itself, xl gives a guest of 4 MiB a paging pool that Xen finds too small.
            sample.emplace_back(
                "xl_create", bench::run({xl_program, "create", file, "shadow_memory=1"}, bench::Way::vfork));
            bench::let_host_settle();
            bench::run({xl_program, "destroy", "bench"}, bench::Way::vfork);
            if (i > 0) // the first round fills the page cache
                report.add(std::move(sample));
        }
    }
    report.print();
    ::unlink(file.c_str());
    ::rmdir(directory);
}
